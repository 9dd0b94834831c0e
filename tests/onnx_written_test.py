#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What disco writes is valid ONNX: the checker of ONNX accepts it, ONNX Runtime loads it, and it gives the same answers.

One network of many small branches per opset, and ONNX's own node tests where they are unpacked, are cut for one node.
Usage: tools/with_python.sh numpy,onnx,onnxruntime tests/onnx_written_test.py DISCO [FOLDER_OF_ONNX_TESTS]
"""
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

OPSETS = range(7, 23)
# Of what disco knows; Send and Receive are no ops of ONNX.
OPS = set("""Add AveragePool BatchNormalization Clip Concat ConstantOfShape Conv Dropout Flatten Gather Gemm
GlobalAveragePool HardSwish Identity LRN LayerNormalization LeakyRelu MatMul MaxPool Mul Pad ReduceMean Relu Reshape Sigmoid Slice Softmax Split Squeeze
Sum Transpose Unsqueeze""".split())
# The opset that disco writes has no such form; it says so and writes nothing.
REFUSED = "has no softmax over several axes"
RTOL, ATOL = 1e-3, 1e-5


class Branches:
    """A network in which every op reads an input and gives an output."""

    def __init__(self, opset):
        self.opset, self.nodes, self.weights, self.outputs = opset, [], [], []
        self.inputs = {"x": (2, 4, 6, 6), "m": (2, 8), "ones": (2, 1, 3, 1)}
        self.random = np.random.default_rng(opset)

    def weight(self, *shape):
        return self.constant(self.random.standard_normal(shape).astype(np.float32))

    def constant(self, array):
        name = f"c{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def add(self, op, *inputs, outputs=1, **attributes):
        names = [f"{op}{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(op, list(inputs), names, name=names[0], **attributes))
        self.outputs += names

    def parameter(self, first_as_input, op, value, name, *inputs, **attributes):
        """An int64 list that was an attribute before opset `first_as_input`."""
        if self.opset < first_as_input:
            self.add(op, *inputs, **{name: value}, **attributes)
        else:
            self.add(op, *inputs, self.constant(np.array(value, np.int64)), **attributes)

    def windows(self):
        self.add("Conv", "x", self.weight(4, 2, 3, 3), self.weight(4), group=2, pads=[1, 0, 2, 1], strides=[2, 1])
        self.add("Conv", "x", self.weight(3, 4, 3, 3), auto_pad="SAME_LOWER", dilations=[1, 1])
        self.add("AveragePool", "x", kernel_shape=[3, 2], pads=[1, 0, 1, 1], strides=[2, 1], count_include_pad=1)
        self.add("AveragePool", "x", kernel_shape=[2, 2], auto_pad="VALID")
        self.add("MaxPool", "x", kernel_shape=[3, 3], strides=[2, 2])
        if self.opset >= 8:
            self.add("MaxPool", "x", kernel_shape=[2, 2], storage_order=1, outputs=2)
        if self.opset >= 10:
            self.add("MaxPool", "x", kernel_shape=[2, 2], strides=[3, 3], ceil_mode=1, dilations=[2, 1])
            self.add("AveragePool", "x", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
        if self.opset >= 19:
            self.add("AveragePool", "x", kernel_shape=[2, 2], dilations=[1, 1])
            self.add("AveragePool", "x", kernel_shape=[2, 2], dilations=[2, 2])
        self.add("GlobalAveragePool", "x")
        self.add("LRN", "x", size=3, alpha=0.5, beta=0.5, bias=2.0)
        if self.opset >= 17:
            self.add("LayerNormalization", "x", self.weight(6, 6), axis=2, epsilon=0.25)
            self.add("LayerNormalization", "x", self.weight(6), self.weight(6), outputs=3)
        self.add("BatchNormalization", "x", self.weight(4), self.weight(4), self.weight(4),
                 self.constant(np.full(4, 2, np.float32)), epsilon=0.25)

    def elementwise(self):
        for op in ["Relu", "Sigmoid", "Identity"] + ["HardSwish"] * (self.opset >= 14):
            self.add(op, "x")
        self.add("LeakyRelu", "x", alpha=0.5)
        self.add("Add", "x", self.weight(4, 1, 1))
        self.add("Mul", "x", self.weight(6))
        self.add("Sum", "x", "x", self.weight(2, 4, 6, 6))
        self.add("Sum", "x")
        low, high = self.constant(np.float32(-0.5)), self.constant(np.float32(0.5))
        if self.opset < 11:
            for bounds in [{}, {"min": -0.5}, {"max": 0.5}, {"min": -0.5, "max": 0.5}]:
                self.add("Clip", "x", **bounds)
        else:
            for bounds in [[], [low], ["", high], [low, high]]:
                self.add("Clip", "x", *bounds)
        if self.opset < 12:
            self.add("Dropout", "x", ratio=0.25)
        else:
            self.add("Dropout", "x", high)

    def layout(self):
        newer = self.opset >= 11
        self.add("Concat", "x", "x", axis=-3 if newer else 1)
        self.add("Flatten", "x", axis=-2 if newer else 2)
        for indices in [[2, 0], [[0, 1], [3, 3]], 1] + [[-1, -4]] * newer:
            self.add("Gather", "x", self.constant(np.array(indices, np.int64)), axis=1)
        self.add("Transpose", "x")
        self.add("Transpose", "x", perm=[0, 2, 3, 1])
        self.add("Reshape", "x", self.constant(np.array([0, -1, 3], np.int64)))
        if self.opset >= 14:
            self.add("Reshape", "x", self.constant(np.array([-1, 3], np.int64)), allowzero=1)
        self.parameter(13, "Squeeze", [1], "axes", "ones")
        self.parameter(13, "Unsqueeze", [0, 3], "axes", "ones")
        self.add("Squeeze", "ones")
        if self.opset < 10:
            self.add("Slice", "x", starts=[1, -4], ends=[9, -1], axes=[1, 3])
        else:
            lists = [[1, -1], [9, -6], [1, 3], [2, -2]]
            self.add("Slice", "x", *[self.constant(np.array(numbers, np.int64)) for numbers in lists])
        self.parameter(13, "Split", [1, 3], "split", "x", axis=1, outputs=2)
        number = {"num_outputs": 2} if self.opset >= 18 else {}
        self.add("Split", "x", axis=-1, outputs=2, **number)
        self.pads()
        if self.opset >= 9:
            shape = self.constant(np.array([2, 3], np.int64))
            value = helper.make_tensor("value", TensorProto.FLOAT, [1], [2.5])
            self.add("ConstantOfShape", shape, value=value)

    def pads(self):
        pads = [0, 0, 1, 2, 0, 0, 2, 1]
        for mode in ["constant", "reflect", "edge"] + ["wrap"] * (self.opset >= 19):
            self.parameter(11, "Pad", pads, "pads", "x", mode=mode)
        if self.opset < 11:
            self.add("Pad", "x", pads=pads, value=1.5)
        else:
            self.add("Pad", "x", self.constant(np.array(pads, np.int64)), self.constant(np.float32(1.5)))
        if self.opset >= 18:
            self.add("Pad", "x", self.constant(np.array([1, 2], np.int64)), "", self.constant(np.array([-2], np.int64)))

    def sums(self):
        self.add("Gemm", "m", self.weight(3, 8), self.weight(3), alpha=0.5, beta=2.0, transB=1)
        if self.opset >= 11:
            self.add("Gemm", "m", self.weight(8, 3))
        self.add("MatMul", "x", self.weight(6, 5))
        self.add("MatMul", "m", self.weight(8))
        self.add("Softmax", "m")
        self.add("Softmax", "x", axis=3)
        if self.opset >= 13:
            self.add("Softmax", "x", axis=1)
        self.parameter(18, "ReduceMean", [2, 3], "axes", "x")
        self.parameter(18, "ReduceMean", [1], "axes", "x", keepdims=0)
        self.add("ReduceMean", "x")
        if self.opset >= 18:
            self.add("ReduceMean", "x", noop_with_empty_axes=1)

    def model(self):
        self.windows()
        self.elementwise()
        self.layout()
        self.sums()
        inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in self.inputs.items()]
        outputs = [helper.make_empty_tensor_value_info(name) for name in self.outputs]
        graph = helper.make_graph(self.nodes, f"opset {self.opset}", inputs, outputs, self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)])
        model.ir_version = min(model.ir_version, 10)
        inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True)
        types = {value.name: value for value in inferred.graph.value_info}
        for output in inferred.graph.output:
            if output.name in types:
                output.CopyFrom(types[output.name])
        return inferred


def cut(disco, model, folder):
    """The network as disco writes it, and what it says where it refuses."""
    path, plan, shards = folder / "given.onnx", folder / "plan.json", folder / "shards"
    path.write_bytes(model.SerializeToString())
    for command in (["plan", path, "--nodes", "1", "--out", plan], ["cut", path, "--plan", plan, "--out", shards]):
        done = subprocess.run([disco, *command], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return None, done.stderr
    return shards / "node-0.onnx", ""


def answers(path_or_bytes, inputs):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(path_or_bytes, options, providers=["CPUExecutionProvider"])
    names = {value.name for value in session.get_inputs()}
    return session.run(None, {name: array for name, array in inputs.items() if name in names})


def check(written, inputs, expected):
    onnx.checker.check_model(str(written), full_check=True)
    got = answers(str(written), inputs)
    assert len(got) == len(expected), f"{len(got)} outputs instead of {len(expected)}"
    for index, (one, other) in enumerate(zip(got, expected)):
        assert one.dtype == other.dtype and one.shape == other.shape, f"output {index}: {one.dtype} {one.shape}"
        np.testing.assert_allclose(one, other, rtol=RTOL, atol=ATOL, err_msg=f"output {index}")


def check_opset(disco, opset, folder):
    branches = Branches(opset)
    model = branches.model()
    inputs = {name: branches.random.standard_normal(shape).astype(np.float32) for name, shape in branches.inputs.items()}
    expected = answers(model.SerializeToString(), inputs)
    written, refusal = cut(disco, model, folder)
    assert written is not None, refusal
    check(written, inputs, expected)


def bound(model, inputs):
    """The network with every input a constant, but the first, which is data."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    data = 0 if copy.graph.node[0].op_type == "ConstantOfShape" else 1
    for value in list(copy.graph.input)[data:]:
        copy.graph.initializer.append(numpy_helper.from_array(inputs[value.name], value.name))
        copy.graph.input.remove(value)
    return copy


def runtime_gives(model, inputs, expected):
    """Whether ONNX Runtime itself knows the op, and draws the random numbers that ONNX does."""
    try:
        got = answers(model.SerializeToString(), inputs)
        return all(np.allclose(one, other, rtol=RTOL, atol=ATOL, equal_nan=True) for one, other in zip(got, expected))
    except Exception:  # pylint: disable=broad-except
        return False


def tensors(folder, prefix):
    files = sorted(folder.glob(prefix + "_*.pb"), key=lambda path: int(path.stem.split("_")[-1]))
    return [numpy_helper.to_array(onnx.load_tensor(str(path))) for path in files]


def check_node_test(disco, test, folder):
    """False: it is not for disco, or for ONNX Runtime."""
    model = onnx.load(test / "model.onnx")
    if any(node.op_type not in OPS or node.domain for node in model.graph.node):
        return False
    if any(not value.type.HasField("tensor_type") for value in model.graph.input):
        return False
    inputs = dict(zip([value.name for value in model.graph.input], tensors(test / "test_data_set_0", "input")))
    expected = tensors(test / "test_data_set_0", "output")
    if any(array.size == 0 for array in inputs.values()) or not runtime_gives(model, inputs, expected):
        return False
    written, refusal = cut(disco, model, folder)
    if written is None:
        written, refusal = cut(disco, bound(model, inputs), folder)
    if written is None:
        assert any(reason in refusal for reason in ("elements of type", REFUSED, "no fixed extent")), refusal
        return False
    check(written, inputs, expected)
    return True


def run(name, function, *arguments):
    """What `function` returns; None and a line that says why where it fails."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            return function(*arguments, pathlib.Path(folder)) is not False
        except Exception as error:  # pylint: disable=broad-except
            print(f"FAILED: {name}: {str(error).strip()[:600]}")
            return None


def main():
    disco = pathlib.Path(sys.argv[1]).resolve()
    results = [run(f"opset {opset}", check_opset, disco, opset) for opset in OPSETS]
    print(f"{results.count(True)} of {len(results)} opsets")
    failures = results.count(None)
    folder = pathlib.Path(sys.argv[2]) / "node" if len(sys.argv) > 2 else None
    if folder is None or not folder.is_dir():
        print("skipped: no node tests of ONNX; configure with -DDISCO_DATA=FOLDER")
        return failures
    results = [run(test.name, check_node_test, disco, test) for test in sorted(folder.iterdir())]
    print(f"{results.count(True)} of {len(results)} node tests, the others are of other ops and types")
    if results.count(True) < 150:
        print("FAILED: too few node tests were written")
        failures += 1
    return failures + results.count(None)


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
