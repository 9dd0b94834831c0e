# SPDX-License-Identifier: Apache-2.0
"""A random network that is run op by op with ONNX Runtime while it is drawn.

Every drawn op is executed at once, so that the shape and the values of each edge are ONNX Runtime's own;
an op that ONNX Runtime refuses, or whose result leaves a sane range, is not added.
"""

import numpy as np
import onnx
from onnx import helper, numpy_helper

import oracle

MOST_ELEMENTS = 20000
LARGEST = 1e4  # magnitude of a value of an ordinary network


NOT_FINITE = ("nan", "inf", "overflow")  # kinds of networks in which numbers that are none appear
MADE_UP = (
    "@local", "@foreign", "@received", "@joined", "@weight", "@bias", "@whole", "@parameter", "@0", "@1", "@1@indices",
    "@send0", ".axes", ".min", ".pads", ".partial1", ".any_batch", "/é \"quoted\"")


class Refused(Exception):
    """What was drawn is no op of this network; another one is drawn."""


def ir_version(opset):
    """The newest IR that came out with an opset, bounded by what every reader knows."""
    return 3 if opset <= 8 else 4 if opset <= 9 else 7 if opset <= 14 else 8


class Network:
    def __init__(self, rng, opset, kind="ordinary", symbolic=False):
        self.rng, self.opset, self.kind, self.symbolic = rng, opset, kind, symbolic
        self.finite = kind not in NOT_FINITE
        self.nodes, self.values, self.constants = [], {}, {}
        self.inputs, self.outputs = [], []
        self.computed = []  # names of float values that ops made, and of float inputs
        self.whole = []  # the same for int64
        self.folded = set()  # names of what ops make of constants alone

    # -- random choices ---------------------------------------------------------------------------

    def chance(self, probability):
        return self.rng.random() < probability

    def integer(self, low, high):
        """From low to high, both included."""
        return int(self.rng.integers(low, high + 1))

    def choose(self, items):
        return items[int(self.rng.integers(len(items)))]

    def value(self, accepts=lambda array: True, recent=0.6):
        """The name of a computed float value, of the last few with probability `recent`."""
        names = [name for name in self.computed if accepts(self.values[name])]
        if not names:
            raise Refused
        return self.choose(names[-2:] if self.chance(recent) else names)

    # -- building ---------------------------------------------------------------------------------

    def name(self, stem):
        """A name that is not taken; now and then one that disco might make up for the value before."""
        name = f"{stem}{len(self.values)}"
        if self.values and self.chance(0.05):
            name = list(self.values)[-1] + self.choose(MADE_UP)
        return name if name not in self.values else f"{name}/{len(self.values)}"

    def keep(self, name, array):
        self.values[name] = array
        return name

    def input(self, array):
        name = self.keep(self.name("input"), array)
        self.inputs.append(name)
        (self.computed if array.dtype == np.float32 else self.whole).append(name)
        return name

    def constant(self, array, stem="w"):
        """A constant: an initializer, or a Constant op."""
        array = np.asarray(array)
        name = self.keep(self.name(stem), array)
        self.constants[name] = array
        if self.chance(0.1):
            tensor = numpy_helper.from_array(array, name + "_value")
            self.nodes.append(helper.make_node("Constant", [], [name], value=tensor))
        return name

    def indices(self, numbers):
        return self.constant(np.array(numbers, np.int64), "indices")

    def weights(self, shape, fan_in=1, stem="w"):
        """A float constant; one that exists with probability 0.3, where one has the shape."""
        alike = [n for n, a in self.constants.items() if a.dtype == np.float32 and a.shape == tuple(shape)]
        if alike and self.chance(0.3):
            return self.choose(alike)
        if np.prod(shape, dtype=np.int64) > MOST_ELEMENTS:
            raise Refused
        array = self.rng.standard_normal(shape) / np.sqrt(fan_in)
        if self.kind == "overflow":  # of one sign: a sum of both infinities depends on the order of its terms
            array = np.abs(array) * self.choose([1, 1e25])
        return self.constant(array.astype(np.float32), stem)

    def op(self, kind, inputs, outputs=1, **attributes):
        """Adds the op and returns the name of its first output."""
        names = [self.name(kind.lower())]
        names += [f"{names[0]}_{i}" for i in range(1, outputs)]
        node = helper.make_node(kind, inputs, names, name="" if self.chance(0.1) else names[0], **attributes)
        results = self._run(node)
        self.nodes.append(node)
        for name, result in zip(names, results):
            self.keep(name, result)
        for name in names if kind == "Split" else names[:1]:
            if results[0].dtype == np.float32:
                self.computed.append(name)
            elif results[0].dtype == np.int64:
                self.whole.append(name)
        return names[0]

    def _run(self, node):
        given = {name: self.values[name] for name in node.input if name}
        feeds = {name: array for name, array in given.items() if name not in self.constants}
        graph = helper.make_graph(
            [node], "op",
            [value_info(name, array) for name, array in given.items()],
            [helper.make_empty_tensor_value_info(name) for name in node.output],
            [numpy_helper.from_array(array, name) for name, array in given.items() if name in self.constants])
        try:
            results = oracle.run(self._model(graph), feeds)
        except oracle.Failure as failure:
            raise Refused(str(failure)) from failure
        for result in results:
            if result.size == 0 or result.size > MOST_ELEMENTS or result.ndim > 6:
                raise Refused
            if self.finite and result.dtype == np.float32 and not np.abs(result).max() <= LARGEST:
                raise Refused
        return results

    def _model(self, graph):
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)],
                                 ir_version=ir_version(self.opset), producer_name="differential")

    def model(self):
        """The network with its chosen outputs, without what no output needs."""
        needed, nodes = set(self.outputs), []
        for node in reversed(self.nodes):
            if needed.intersection(node.output):
                nodes.insert(0, node)
                needed.update(node.input)
        made = {name for node in nodes for name in node.output}
        initializers = [numpy_helper.from_array(array, name) for name, array in self.constants.items()
                        if name in needed and name not in made]
        listed = list(self.inputs)
        if ir_version(self.opset) < 4:  # older files list initializers as inputs, too
            listed += [tensor.name for tensor in initializers]
        graph = helper.make_graph(
            nodes, "random",
            [value_info(name, self.values[name], self.symbolic and name in self.inputs) for name in listed],
            [value_info(name, self.values[name], self.symbolic and name not in self.folded)
             for name in self.outputs], initializers)
        model = self._model(graph)
        onnx.checker.check_model(model)
        return model


def value_info(name, array, symbolic=False):
    shape = list(array.shape)
    if symbolic:
        shape[0] = "batch"
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), shape)


