# SPDX-License-Identifier: Apache-2.0
"""Runs cases on disco, in a process that may die, and holds the answers against ONNX Runtime's."""

import dataclasses
import json
import os
import subprocess

import numpy as np
import onnx
from onnx import numpy_helper

import masks
import oracle
from compare import Expected
from network import NOT_FINITE

SECONDS_PER_CASE = 20  # far above any case: one that takes longer hangs
DTYPES = {"float32": np.float32, "int64": np.int64, "int32": np.int32, "bool": np.bool_}


@dataclasses.dataclass
class Finding:
    case: str
    plan: int  # -1: none yet
    part: str  # read, plan, written, reference, onednn, tcp
    kind: str  # wrong, refused, crash, hang
    text: str

    def line(self):
        plan = f" plan {self.plan}" if self.plan >= 0 else ""
        return f"seed {self.case}{plan} {self.part}: {self.kind}: {self.text}"


def run_disco(answers, folders):
    """(what ended, findings of the process itself), by case in the order of `folders`."""
    ended, findings, left = [], [], [str(folder) for folder in folders]
    while left:
        lines, code = _run_process(answers, left)
        ended += [line["ends"] for line in lines if "ends" in line]
        if code == 0:
            break
        begun = [line["begins"] for line in lines if "begins" in line]
        last = begun[-1] if begun else {"case": os.path.basename(left[0]), "part": "read"}
        kind, text = ("hang", f"no end within {SECONDS_PER_CASE} s a case") if code is None else \
            ("crash", f"exit status {code}")
        findings.append(Finding(last["case"], last.get("plan", -1), last["part"], kind, text))
        left = left[[os.path.basename(folder) for folder in left].index(last["case"]) + 1:]
    return ended, findings


def _run_process(answers, folders):
    text = "".join(folder + "\n" for folder in folders)
    try:
        done = subprocess.run([answers], input=text, capture_output=True, text=True,
                              timeout=60 + SECONDS_PER_CASE * len(folders), check=False)
        output, code = done.stdout, done.returncode
    except subprocess.TimeoutExpired as expired:
        output, code = (expired.stdout or b"").decode(), None
    return [json.loads(line) for line in output.splitlines() if line.endswith("}")], code


def load_case(folder):
    model = onnx.load(folder / "network.onnx")
    constants = {tensor.name for tensor in model.graph.initializer}
    names = [value.name for value in model.graph.input if value.name not in constants]
    return model, {name: np.load(folder / f"input{i}.npy") for i, name in enumerate(names)}


def _constant_shapes(model):
    tensors = [(tensor.name, tensor) for tensor in model.graph.initializer]
    tensors += [(node.output[0], node.attribute[0].t) for node in model.graph.node if node.op_type == "Constant"]
    return {name: numpy_helper.to_array(tensor).shape for name, tensor in tensors}


def _read_outputs(path, described):
    outputs, data, offset = [], path.read_bytes(), 0
    for tensor in described:
        dtype, shape = DTYPES[tensor["dtype"]], tensor["shape"]
        count = int(np.prod(shape, dtype=np.int64))
        outputs.append(np.frombuffer(data, dtype, count, offset).reshape(shape))
        offset += outputs[-1].nbytes
    return outputs


class Judge:
    """Of one case."""

    def __init__(self, folder):
        self.folder = folder
        self.model, self.feeds = load_case(folder)
        self.dense = Expected(self.model, self.feeds)
        self.shapes = _constant_shapes(self.model)
        self.by_plan = {}

    def expected(self, plan):
        if plan not in self.by_plan:
            sparse = masks.masked(self.model, self.folder / f"plan-{plan}.json", self.shapes)
            pruned = len(sparse.graph.node) != len(self.model.graph.node)
            self.by_plan[plan] = Expected(sparse, self.feeds) if pruned else self.dense
        return self.by_plan[plan]

    def finding(self, ended):
        """None, or what is wrong with a part of the case that came to its end."""
        plan, part = ended.get("plan", -1), ended["part"]
        if "error" in ended:
            return Finding(self.folder.name, plan, part, "refused", ended["error"])
        if part in ("read", "plan"):
            return None
        overflow = ended.get("overflow")
        if overflow is not None and self.model.graph.doc_string not in NOT_FINITE:
            return Finding(self.folder.name, plan, part, "wrong", f"there is no overflow in '{overflow}'")
        try:
            outputs = self._written(plan) if part == "written" else _read_outputs(
                self.folder / f"{plan}-{part}.bin", ended["outputs"])
        except (oracle.Failure, onnx.checker.ValidationError) as failure:
            return Finding(self.folder.name, plan, part, "wrong", f"no valid network: {failure}")
        # With oneDNN a NaN may have become a number where a node says that the network overflowed.
        told = overflow is not None and (part == "onednn" or part == "tcp" and plan % 2 == 1)
        problem = None if told else self.expected(plan).difference(outputs)
        return Finding(self.folder.name, plan, part, "wrong", problem) if problem else None

    def _written(self, plan):
        written = onnx.load(self.folder / f"masked-{plan}.onnx")
        onnx.checker.check_model(written)
        return oracle.run(written, self.feeds)


def judge(folders, ended):
    findings = []
    by_case = {}
    for end in ended:
        by_case.setdefault(end["case"], []).append(end)
    for folder in folders:
        verdict = Judge(folder)
        findings += filter(None, (verdict.finding(end) for end in by_case.get(folder.name, [])))
    return findings


def run_cases(answers, folders):
    """(how many parts ran, findings)"""
    ended, findings = run_disco(answers, folders)
    return ended, findings + judge(folders, ended)
