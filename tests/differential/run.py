# SPDX-License-Identifier: Apache-2.0
"""disco against ONNX Runtime on random networks: see README.md."""

import argparse
import collections
import json
import pathlib
import sys
import tempfile

import generate
import limits
import minimise
from block import load_case, run_cases

BLOCK = 50  # seeds that share a process
COUNTED = ("ops", "opsets", "inputs", "plans", "runs", "limits")


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", required=True, help="the program differential_answers")
    parser.add_argument("--seeds", default="0..49", help="FIRST..LAST, or one seed")
    parser.add_argument("--json", type=pathlib.Path, help="write the table to this file")
    parser.add_argument("--keep", type=pathlib.Path, help="write minimised cases of findings into this folder")
    return parser.parse_args()


def draw_block(folder, seeds, table):
    folders = []
    for seed in seeds:
        model, feeds, plans = generate.draw(seed)
        generate.write_case(folder / str(seed), model, feeds, plans)
        folders.append(folder / str(seed))
        table["graphs"] += 1
        table["opsets"][str(model.opset_import[0].version)] += 1
        table["inputs"][model.graph.doc_string] += 1
        table["ops"].update(node.op_type for node in model.graph.node)
        table["plans"].update(f"{plan['nodes']} nodes {plan['method']}" for plan in plans)
    return folders


def keep_small(answers, folder, finding, keep):
    model, feeds = load_case(folder / finding.case)
    plans = json.loads((folder / finding.case / "case.json").read_text())["plans"]
    place = keep / f"{finding.case}-{finding.plan}-{finding.part}"
    ops = minimise.minimise(answers, finding, (model, feeds, plans), place)
    print(f"  {place}: {ops} ops", flush=True)


def run_block(options, seeds, table):
    with tempfile.TemporaryDirectory(dir="/dev/shm" if pathlib.Path("/dev/shm").is_dir() else None) as name:
        folder = pathlib.Path(name)
        ended, found = run_cases(options.answers, draw_block(folder, seeds, table))
        table["runs"].update(end["part"] for end in ended)
        kept = set()
        for finding in found:
            limit = limits.reason(finding)
            if limit:
                table["limits"][limit] += 1
                continue
            table["findings"].append(finding.line())
            print(finding.line(), flush=True)
            if options.keep and finding.case not in kept:
                kept.add(finding.case)
                keep_small(options.answers, folder, finding, options.keep)


def print_table(table):
    print(f"{table['graphs']} networks, {sum(table['ops'].values())} ops, {len(table['findings'])} findings")
    for what in COUNTED:
        counts = sorted(table[what].items(), key=lambda item: (len(item[0]), item) if what == "opsets" else item)
        print(f"  {what}: " + ", ".join(f"{name} {count}" for name, count in counts))


def main():
    options = parse()
    first, _, last = options.seeds.partition("..")
    table = {"seeds": options.seeds, "graphs": 0, "findings": []}
    table.update({what: collections.Counter() for what in COUNTED})
    for start in range(int(first), int(last or first) + 1, BLOCK):
        run_block(options, range(start, min(start + BLOCK, int(last or first) + 1)), table)
    print_table(table)
    if options.json:
        options.json.write_text(json.dumps(table, indent=1) + "\n")
    return 1 if table["findings"] else 0


if __name__ == "__main__":
    sys.exit(main())
