#!/usr/bin/env python3
"""What a node costs beside its arithmetic: memory, page faults, messages, idling.

Usage: bench/node_costs.py NETWORK.onnx [--sparsity 0.99] [--disco BINARY] [--out FILE.md]

Two nodes are two `disco node` of one thread each, pinned to cores 0 and 1. Memory is the most that the process ever had in memory
(VmHWM), beyond what it had before its first session. The idle node has an open session whose caller is stopped.
"""
import argparse
import contextlib
import json
import os
import signal
import subprocess
import tempfile
import time

from harness import add_common, nodes, report, run

IDLE_SECONDS = 20


def peak_memory(process):
    with open(f"/proc/{process.pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


def processor_seconds(process):
    with open(f"/proc/{process.pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def bench(arguments, endpoints, plan):
    command = [arguments.disco, "bench", arguments.network, "--json", "--nodes", endpoints, "--iterations", "20"]
    return json.loads(run(command + (["--plan", plan] if plan else [])))


def memory_of(arguments, plan):
    """Beyond the bare process, of the node that needs most; and what the nodes say of themselves."""
    with nodes(arguments.disco, False) as running:
        bare = [peak_memory(process) for process in running.processes]
        endpoints = running.endpoints if plan else running.endpoints.split(",")[0]
        result = bench(arguments, endpoints, plan)
        return max(peak_memory(process) - before for process, before in zip(running.processes, bare)), result["nodes"]


def idle_share(arguments, plan):
    with nodes(arguments.disco, False) as running:
        caller = subprocess.Popen([arguments.disco, "bench", arguments.network, "--plan", plan, "--nodes", running.endpoints,
                                   "--iterations", "1000000", "--deadline", "60s"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(3)
        caller.send_signal(signal.SIGSTOP)
        time.sleep(1)
        before = [processor_seconds(process) for process in running.processes]
        time.sleep(IDLE_SECONDS)
        used = max(processor_seconds(process) - start for process, start in zip(running.processes, before))
        caller.kill()
        caller.wait()
        return used / IDLE_SECONDS


def message_microseconds(arguments, folder):
    with nodes(arguments.disco, False) as running:
        probed = json.loads(run([arguments.disco, "probe", "--nodes", running.endpoints, "--json",
                                 "--out", os.path.join(folder, "cluster.toml")]))
        return 1e3 * probed["links"][0]["ten_kilobytes_ms"]


def megabytes(count):
    return f"{count / 1e6:.2f} MB"


def measure(arguments, folder):
    plan = os.path.join(folder, "plan.json")
    run([arguments.disco, "plan", arguments.network, "--nodes", "2", "--sparsity", str(arguments.sparsity), "--out", plan])
    whole, whole_nodes = memory_of(arguments, None)
    part, part_nodes = memory_of(arguments, plan)

    def parts_of(node):
        return ", ".join(megabytes(node[part + "_bytes"]) for part in ("weight", "activation", "buffer"))

    return ["| what | measured |", "|---|--:|",
            f"| peak memory of a node, S = {arguments.sparsity}, two nodes, against one node with the whole network | "
            f"{part / whole:.2f} ({megabytes(part)} against {megabytes(whole)}) |",
            f"| weights, activations, buffers of a node | {parts_of(part_nodes[0])} |",
            f"| weights, activations, buffers of one node with the whole network | {parts_of(whole_nodes[0])} |",
            f"| page faults in 20 inferences after 10 others, both nodes | {sum(node['page_faults'] for node in part_nodes)} |",
            f"| a message of 10 kB, from the start of packing to placed on the other node | {message_microseconds(arguments, folder):.1f} us |",
            f"| processor time of an idle node with an open session | {100 * idle_share(arguments, plan):.2f} % |"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network")
    parser.add_argument("--sparsity", type=float, default=0.99)
    add_common(parser)
    arguments = parser.parse_args()
    with contextlib.ExitStack() as stack:
        table = measure(arguments, stack.enter_context(tempfile.TemporaryDirectory()))
    report(arguments, "", table)


if __name__ == "__main__":
    main()
