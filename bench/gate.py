#!/usr/bin/env python3
"""Whether disco has become slower beside ONNX Runtime: the ratios of a few networks against those of a stored baseline.

Usage: tools/with_python.sh numpy,onnxruntime bench/gate.py [NETWORK...] [--update]
       networks of `disco zoo`, with a width after a slash: resnet50 resnet50/2 resnet20; without any, those of NETWORKS below
Options: --disco BINARY, --rounds R, --iterations I (inferences of a turn), --idle MINUTES (bench/speed.py says what it does)
         --band B     a ratio within 1 - B and 1 + B times that of the baseline has not changed (0.06)
         --json       the report as JSON, for a dashboard; --out FILE.md adds the table to a file
         --update     writes what was measured as the baseline of this CPU level, bench/baseline/LEVEL.json

One node of one thread on core 0, against ONNX Runtime with one thread; both stay loaded and take turns. A ratio is the median of
those of the rounds, each of two medians. Baselines are kept by CPU level, because both programs run other kernels on each; one that was
measured on another processor, or against another version of ONNX Runtime, is named in the report and says less. ONNX Runtime
cannot be limited to a lower level, so a level's baseline comes from a processor of that level. It is a report and no verdict: the exit
status is 0 whatever the ratios, for times on a shared machine decide nothing alone.
"""
import argparse
import contextlib
import datetime
import json
import os
import sys
import tempfile

from harness import ROOT, Idleness, add_common, cpu_level, processor, report, run
from speed import Contestant, bench, peer, play_in_turns

NETWORKS = ["resnet50", "resnet50/2", "resnet18", "resnet56", "resnet20"]


def write_network(arguments, folder, name):
    path = os.path.join(folder, name.replace("/", "-") + ".onnx")
    depth, _, part = name.partition("/")
    run([arguments.disco, "zoo", depth, "--out", path, *(["--width", f"1/{part}"] if part else [])])
    return path


def measure(arguments, network, idleness):
    with contextlib.ExitStack() as stack:
        ours = Contestant(stack, "disco", ["taskset", "-c", "0", *bench(arguments, network)])
        theirs = peer(arguments, stack, network, 1)
        play_in_turns([theirs, ours], arguments.rounds, idleness)
    by_rounds, undisturbed = ours.times(theirs)
    return theirs.last["peer"], {"peer_ms": round(theirs.median(), 4), "disco_ms": round(ours.median(), 4),
                                 "ratio": round(by_rounds, 4), "tenth_ratio": round(undisturbed, 4)}


def judge(measured, known, band):
    """Adds what `known` says of the same network."""
    if known is None:
        return {**measured, "baseline": None, "change": None, "judgement": "no baseline"}
    change = measured["ratio"] / known["ratio"] - 1
    judgement = "as before" if abs(change) <= band else "slower" if change > 0 else "faster"
    return {**measured, "baseline": known["ratio"], "change": round(change, 4), "judgement": judgement}


def table(networks):
    rows = ["| network | ONNX Runtime ms | disco ms | ratio | of 10th percentiles | baseline | change | |", "|---|--:|--:|--:|--:|--:|--:|---|"]
    for name, found in networks.items():
        known = ["", ""] if found["baseline"] is None else [f"{found['baseline']:.2f}", f"{100 * found['change']:+.0f} %"]
        figures = [f"{found['peer_ms']:.2f}", f"{found['disco_ms']:.2f}", f"{found['ratio']:.2f}", f"{found['tenth_ratio']:.2f}", *known]
        rows.append(f"| {name} | {' | '.join(figures)} | {found['judgement']} |")
    return rows


def baseline_path(level):
    return os.path.join(ROOT, "bench", "baseline", level + ".json")


def read_baseline(level):
    try:
        with open(baseline_path(level)) as file:
            return json.load(file)
    except FileNotFoundError:
        return {"networks": {}}


def update(level, stored, about, measured):
    """What was measured takes the place of the same networks' older figures."""
    networks = {**stored["networks"], **{name: {**found, **about} for name, found in measured.items()}}
    os.makedirs(os.path.dirname(baseline_path(level)), exist_ok=True)
    with open(baseline_path(level), "w") as file:
        json.dump({"level": level, "networks": networks}, file, indent=2)
        file.write("\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", default=NETWORKS)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--iterations", type=int, default=6)
    parser.add_argument("--idle", type=float, default=0)
    parser.add_argument("--band", type=float, default=0.06)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--update", action="store_true")
    add_common(parser)
    arguments = parser.parse_args()
    level, idleness, measured = cpu_level(), Idleness(arguments.idle), {}
    stored = read_baseline(level)
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.networks:
            peer_name, measured[name] = measure(arguments, write_network(arguments, folder, name), idleness)
    about = {"processor": processor(), "peer": peer_name, "date": str(datetime.date.today()), "rounds": arguments.rounds,
             "iterations": arguments.iterations}
    networks = {name: judge(found, stored["networks"].get(name), arguments.band) for name, found in measured.items()}
    others = {f"{known['processor']}, {known['peer']}" for name, known in stored["networks"].items() if name in networks}
    others = sorted(others - {f"{processor()}, {peer_name}"})
    if arguments.json:
        print(json.dumps({"level": level, **about, "band": arguments.band, "other_baselines": others, "networks": networks}, indent=2))
    else:
        note = f"; baseline of {'; '.join(others)}" if others else ""
        report(arguments, f", {peer_name}, {level}, band {arguments.band:.0%}{note}{idleness}", table(networks))
    if arguments.update:
        update(level, stored, about, measured)
        print(f"written: {baseline_path(level)}", file=sys.stderr)


if __name__ == "__main__":
    main()
