#!/usr/bin/env python3
"""disco beside ONNX Runtime, in turns, on one machine: one core stands for one node.

Usage: bench/speed.py one NETWORK.onnx...                  one node, 1 thread, against ONNX Runtime with 1
       bench/speed.py two NETWORK.onnx [--sparsity 0.99 ...] [--wire fp32 ...] [--shaped 37.5MB/s] [--burst 4kb]
                                                           two nodes over TCP, against 1 and 2 threads
       bench/speed.py uneven NETWORK.onnx [--throttle 0.5] two nodes, the second slowed down: equal shares against shares by speed
Options: --disco BINARY, --rounds R, --iterations I (inferences of a turn: 8), --out FILE.md
         --idle MINUTES   on a machine that others use too, for so long in all: begins a turn when both cores are free, and plays it
                          again unless they are free when it ends

Two nodes are two `disco node` of one thread each, pinned to cores 0 and 1. --shaped puts them into two network namespaces with
a veth between them, each way limited by tc tbf (needs root; taken down at the end); two more nodes without
such a link run the same plans in the same turns. What a link has not carried for a while it carries at once, up to the burst: with
16kb most messages of S = 99 % and many of int8 are not held up at all.

Contestants stay loaded and take turns of a few inferences, two more before them to warm up. What is predicted comes from a
probe in every third round. Times are medians over all rounds; beside them stands the 10th percentile, which on a
machine that others slow down for seconds at a time says more of the program and less of the others. A ratio is the median of the
ratios of the rounds, each of the medians of two turns of that round; beside it stands the ratio of the 10th percentiles.
"""
import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile

from harness import ROOT, Idleness, add_common, namespaces, nodes, report, run

PROBED_EVERY = 3  # rounds
PEER = [sys.executable, os.path.join(ROOT, "bench", "peer_onnxruntime.py")]


def tenth(times):
    return sorted(times)[len(times) // 10]


class Contestant:
    """A command that times some inferences for every line it is given, and answers {"all_ms": [...]} in one line."""

    def __init__(self, stack, name, command):
        self.name, self.command, self.last = name, command, None
        self.errors = stack.enter_context(tempfile.TemporaryFile("w+"))
        self.process = stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
                                                            text=True))
        self.all_ms, self.rounds = [], []  # the latter: the median of each

    def play(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write("go\n")
            self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            self.errors.seek(0)
            sys.exit(f"{' '.join(self.command)}\n{self.errors.read()}")
        return json.loads(line)

    def count(self, result):
        self.last = result
        self.all_ms += result["all_ms"]
        self.rounds.append(statistics.median(result["all_ms"]))

    def median(self):
        return statistics.median(self.all_ms)

    def undisturbed(self):
        return tenth(self.all_ms)

    def times(self, other):
        """How many times as long as `other` this took: by rounds, and undisturbed."""
        by_rounds = statistics.median(mine / theirs for mine, theirs in zip(self.rounds, other.rounds))
        return by_rounds, self.undisturbed() / other.undisturbed()


def peer(arguments, stack, network, threads):
    shape = json.loads(run([arguments.disco, "describe", network, "--json"]))["inputs"][0]["shape"]
    cores = ",".join(str(core) for core in range(threads))
    return Contestant(stack, f"ONNX Runtime, {threads} thread" + ("s" if threads > 1 else ""),
                      ["taskset", "-c", cores, *PEER, network, "--threads", str(threads), "--warmup", "2",
                       "--iterations", str(arguments.iterations), "--shape", "x".join(str(size) for size in shape)])


def bench(arguments, network):
    return [arguments.disco, "bench", network, "--turns", "--warmup", "2", "--iterations", str(arguments.iterations)]


def play_in_turns(contestants, rounds, idleness, forecast=None):
    for contestant in contestants:
        contestant.play()  # loads its network
    for turn in range(rounds):
        if forecast and turn % PROBED_EVERY == 0:
            forecast.count(idleness.watch(forecast.play))
        for contestant in contestants:
            contestant.count(idleness.watch(contestant.play))
        medians = ", ".join(f"{contestant.name}: {contestant.median():.3f} ms" for contestant in contestants)
        print(f"round {turn + 1}/{rounds}  {medians}", file=sys.stderr)


def plan(disco, network, folder, sparsity, wire, cluster):
    path = os.path.join(folder, f"plan-{sparsity}-{wire}.json")
    command = [disco, "plan", network, "--nodes", "2", "--sparsity", str(sparsity), "--cluster", cluster, "--wire", wire, "--out", path]
    if wire == "int8":
        command += ["--calibrate", "synthetic", "--calibrate-images", "16"]
    run(command)
    return path


def compare_one(arguments, idleness):
    rows = []
    for network in arguments.networks:
        with contextlib.ExitStack() as stack:
            ours = Contestant(stack, "disco, 1 node", ["taskset", "-c", "0", *bench(arguments, network)])
            theirs = peer(arguments, stack, network, 1)
            play_in_turns([theirs, ours], arguments.rounds, idleness)
        name = os.path.basename(network).removesuffix(".onnx")
        by_rounds, undisturbed = ours.times(theirs)
        rows.append(f"| {name} | {theirs.median():.2f} | {ours.median():.2f} | {by_rounds:.2f} | "
                    f"{theirs.undisturbed():.2f} | {ours.undisturbed():.2f} | {undisturbed:.2f} |")
    head = ["| network | ONNX Runtime, median ms | disco | ratio | ONNX Runtime, 10th percentile ms | disco | ratio |",
            "|---|--:|--:|--:|--:|--:|--:|"]
    return theirs.last["peer"], head + rows


class Forecast:
    """What `disco simulate` says of each plan, from nodes probed anew every few rounds."""

    def __init__(self, disco, network, prefix, endpoints, cluster):
        self.probe = prefix + [disco, "probe", "--nodes", endpoints, "--out", cluster]
        self.simulate = [disco, "simulate", network, "--cluster", cluster, "--json", "--plan"]
        self.cluster, self.total_ms = cluster, {}

    def play(self):
        run(self.probe)
        with open(self.cluster) as file:
            return file.read()

    def count(self, cluster):
        with open(self.cluster, "w") as file:
            file.write(cluster)
        for path, times in self.total_ms.items():
            times.append(json.loads(run(self.simulate + [path]))["total_ms"])


def row_of(contestant, predicted, one, two):
    ms, undisturbed = contestant.median(), contestant.undisturbed()
    sent = max(node["bytes_sent"] for node in contestant.last["nodes"])
    forecast = f"{statistics.median(predicted):.2f}" if predicted else ""
    off = ""
    if predicted:
        ratios = [statistics.median(predicted) / ms, tenth(predicted) / undisturbed]
        off = ", ".join(f"{(ratio - 1) * 100:+.0f} %" for ratio in ratios)
    ratios = [", ".join(f"{ratio:.2f}" for ratio in peer_.times(contestant)) for peer_ in (one, two)]
    return f"| {contestant.name} | {ms:.2f} | {undisturbed:.2f} | {ratios[0]} | {ratios[1]} | {forecast} | {off} | {sent} |"


def compare_two(arguments, idleness):
    network = arguments.networks[0]
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        if arguments.shaped:
            stack.enter_context(namespaces(arguments.shaped, arguments.burst))
        contestants = [peer(arguments, stack, network, threads) for threads in (1, 2)]
        prefix, endpoints, _ = stack.enter_context(nodes(arguments.disco, arguments.shaped))
        forecast, details = Forecast(arguments.disco, network, prefix, endpoints, os.path.join(folder, "cluster.toml")), []
        forecast.count(idleness.watch(forecast.play))

        def enter(name, path, shaped):
            running = stack.enter_context(nodes(arguments.disco, shaped))
            words = running.prefix + bench(arguments, network) + ["--plan", path, "--nodes", running.endpoints]
            contestants.append(Contestant(stack, name, words))
            details.append((contestants[-1], path if shaped == arguments.shaped else None))

        for sparsity in arguments.sparsity:
            for wire in arguments.wire:
                path = plan(arguments.disco, network, folder, sparsity, wire, forecast.cluster)
                forecast.total_ms[path] = []
                enter(f"S = {sparsity}, {wire}", path, arguments.shaped)
                if arguments.shaped:
                    enter(f"S = {sparsity}, {wire}, link not shaped", path, False)
        play_in_turns(contestants, arguments.rounds, idleness, forecast)
        one, two = contestants[:2]
        rows = [f"| {peer_.name} | {peer_.median():.2f} | {peer_.undisturbed():.2f} | | | | | |" for peer_ in (one, two)]
        rows += [row_of(contestant, forecast.total_ms.get(path), one, two) for contestant, path in details]
    head = ["| what | median ms | 10th percentile ms | times ONNX Runtime, 1 thread (by rounds, 10th percentile) | 2 threads | "
            "predicted ms | off by | bytes each way |", "|---|--:|--:|--:|--:|--:|--:|--:|"]
    return one.last["peer"], head + rows


def compare_uneven(arguments, idleness):
    network, sparsity = arguments.networks[0], str(arguments.sparsity[0])
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        options = ((), ("--throttle", str(arguments.throttle)))
        running = stack.enter_context(nodes(arguments.disco, False, options))
        forecast = Forecast(arguments.disco, network, [], running.endpoints, os.path.join(folder, "cluster.toml"))
        forecast.count(idleness.watch(forecast.play))
        contestants = []
        for name, shares in (("equal shares", []), ("shares by speed", ["--shares", "auto"])):
            path = os.path.join(folder, f"{len(contestants)}.json")
            run([arguments.disco, "plan", network, "--nodes", "2", "--sparsity", sparsity, "--cluster", forecast.cluster, "--out", path,
                 *shares])
            forecast.total_ms[path] = []
            running = stack.enter_context(nodes(arguments.disco, False, options))
            contestants.append(Contestant(stack, name, bench(arguments, network) + ["--plan", path, "--nodes", running.endpoints]))
        play_in_turns(contestants, arguments.rounds, idleness, forecast)
        rows = [f"| {contestant.name} | {contestant.median():.2f} | {contestant.undisturbed():.2f} | {statistics.median(times):.2f} |"
                for contestant, times in zip(contestants, forecast.total_ms.values())]
    return f"S = {sparsity}", ["| plan | median ms | 10th percentile ms | predicted ms |", "|---|--:|--:|--:|", *rows]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["one", "two", "uneven"])
    parser.add_argument("networks", nargs="+")
    parser.add_argument("--sparsity", type=float, nargs="+", default=[0.99, 0.95, 0.9, 0.8])
    parser.add_argument("--wire", nargs="+", default=["fp32"])
    parser.add_argument("--shaped", default="")
    parser.add_argument("--burst", default="4kb")
    parser.add_argument("--throttle", type=float, default=0.5)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--iterations", type=int, default=8)
    parser.add_argument("--idle", type=float, default=0)
    add_common(parser)
    arguments = parser.parse_args()
    compare = {"one": compare_one, "two": compare_two, "uneven": compare_uneven}[arguments.what]
    idleness = Idleness(arguments.idle)
    peer_name, table = compare(arguments, idleness)
    report(arguments, f", {peer_name}{idleness}", table)


if __name__ == "__main__":
    main()
