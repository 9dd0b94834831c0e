#!/usr/bin/env python3
"""What an idea that was left out (docs/design/run-wing.md) would win at most, by simulation.

Usage: bench/left_out.py NETWORK.onnx... --cluster cluster.toml [--sparsity 0.99] [--link 37.5MB/s,60us ...] [--disco BINARY] [--out FILE.md]

The producer's tail: to compute the features that are sent before the others. In split mode the value that is sent exists after the
foreign call of the layer before, so no more is won than those calls take, nor more than is waited.

The nodes are two like the first of the cluster, with each of the links in turn.
"""
import argparse
import json
import os
import re
import tempfile

from harness import add_common, report, run


def two_alike(cluster, link):
    """The text of a cluster of two nodes like the first of `cluster`, with the link `bandwidth,latency` between them."""
    bandwidth, latency = link.split(",")
    node = re.search(r"^\[\[node\]\]\n.*?(?=^\[\[|\Z)", cluster, re.MULTILINE | re.DOTALL).group()
    other = re.sub(r'^name = "[^"]*"', 'name = "the-other"', node, count=1, flags=re.MULTILINE)
    return f'disco_cluster = 1\n[default_link]\nbandwidth = "{bandwidth}"\nlatency = "{latency}"\n{node}\n{other}'


def row(arguments, folder, network, link):
    cluster, plan, trace = (os.path.join(folder, name) for name in ("cluster.toml", "plan.json", "trace.json"))
    with open(arguments.cluster) as file:
        text = two_alike(file.read(), link)
    with open(cluster, "w") as file:
        file.write(text)
    run([arguments.disco, "plan", network, "--nodes", "2", "--sparsity", str(arguments.sparsity), "--cluster", cluster, "--out", plan])
    played = json.loads(run([arguments.disco, "simulate", network, "--plan", plan, "--cluster", cluster, "--trace", trace, "--json"]))
    with open(trace) as file:
        events = [event for event in json.load(file)["traceEvents"] if event["ph"] == "X" and event["pid"] == 1 and event["tid"] == 1]
    foreign = sum(event["dur"] for event in events if event["cat"] == "compute" and event["name"].endswith("@foreign")) / 1e3
    waited = sum(event["dur"] for event in events if event["cat"] == "wait") / 1e3
    name = os.path.basename(network).removesuffix(".onnx")
    return f"| {name} | {link.replace(',', ', ')} | {played['total_ms']:.2f} | {waited:.2f} | {foreign:.2f} | {min(waited, foreign):.2f} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="+")
    parser.add_argument("--cluster", required=True)
    parser.add_argument("--sparsity", type=float, default=0.99)
    parser.add_argument("--link", nargs="+", default=["1GB/s,3us", "37.5MB/s,60us", "37.5MB/s,500us"])
    add_common(parser)
    arguments = parser.parse_args()
    table = ["| network | link | ms in all | waited | foreign calls | the tail wins at most |",
             "|---|---|--:|--:|--:|--:|"]
    with tempfile.TemporaryDirectory() as folder:
        table += [row(arguments, folder, network, link) for network in arguments.networks for link in arguments.link]
    report(arguments, f", S = {arguments.sparsity}, node 0 of two", table)


if __name__ == "__main__":
    main()
