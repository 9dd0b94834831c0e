# SPDX-License-Identifier: Apache-2.0
"""Makes the network of a finding smaller while the finding remains."""

import pathlib
import tempfile

import numpy as np
import onnx
from onnx import helper

import generate
import oracle
from block import run_cases


def _values(model, feeds):
    """Every computed value by name, as ONNX Runtime has it."""
    whole = onnx.ModelProto()
    whole.CopyFrom(model)
    del whole.graph.output[:]
    names = [name for node in model.graph.node for name in node.output]
    whole.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    return dict(zip(names, oracle.run(whole, feeds)))


def _info(name, array):
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)


def _pruned(model):
    """Without ops, constants and inputs that no output needs."""
    needed, nodes = {value.name for value in model.graph.output}, []
    for node in reversed(model.graph.node):
        if needed.intersection(node.output):
            nodes.insert(0, node)
            needed.update(node.input)
    initializers = [tensor for tensor in model.graph.initializer if tensor.name in needed]
    inputs = [value for value in model.graph.input if value.name in needed]
    graph = helper.make_graph(nodes, "small", inputs, model.graph.output, initializers)
    return helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)


def _with_outputs(model, outputs):
    smaller = onnx.ModelProto()
    smaller.CopyFrom(model)
    del smaller.graph.output[:]
    smaller.graph.output.extend(outputs)
    return _pruned(smaller)


def _without_op(model, position, values):
    """The op's first output becomes an input."""
    smaller = onnx.ModelProto()
    smaller.CopyFrom(model)
    name = smaller.graph.node[position].output[0]
    if name in {value.name for value in model.graph.output}:
        return None
    del smaller.graph.node[position]
    smaller.graph.input.append(_info(name, values[name]))
    return _pruned(smaller)


def _form(array):
    return array.shape, array.dtype


def _bypassed(model, position, values):
    """Who reads the op's output reads its first input, which has the same shape."""
    node = model.graph.node[position]
    source, name = (node.input[0] if node.input else ""), node.output[0]
    alike = source in values and _form(values[source]) == _form(values[name])
    if not alike or name in {value.name for value in model.graph.output}:
        return None
    smaller = onnx.ModelProto()
    smaller.CopyFrom(model)
    for other in smaller.graph.node:
        other.input[:] = [source if read == name else read for read in other.input]
    del smaller.graph.node[position]
    return _pruned(smaller)


def _candidates(model, values):
    outputs = list(model.graph.output)
    if len(outputs) > 1:
        yield from (_with_outputs(model, [output]) for output in outputs)
        for i in range(len(outputs)):
            yield _with_outputs(model, outputs[:i] + outputs[i + 1:])
    for node in model.graph.node:
        if node.op_type != "Constant" and node.output[0] != outputs[0].name:
            yield _with_outputs(model, [_info(node.output[0], values[node.output[0]])])
    for position, node in enumerate(model.graph.node):
        if node.op_type != "Constant":
            yield _without_op(model, position, values)
            yield _bypassed(model, position, values)


def _size(model):
    return len(model.graph.node), len(model.graph.output), len(model.graph.input)


class _Finder:
    """Whether a network still shows the finding."""

    def __init__(self, answers, finding, plans):
        self.answers, self.finding = answers, finding
        self.plans = [plans[finding.plan]] if finding.plan >= 0 else []

    def shows(self, model, feeds):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name) / "case"
            generate.write_case(folder, model, feeds, self.plans)
            try:
                _, findings = run_cases(self.answers, [folder])
            except oracle.Failure:
                return False
            return any((found.part, found.kind) == (self.finding.part, self.finding.kind) for found in findings)


def _feeds(model, feeds, values):
    initializers = {tensor.name for tensor in model.graph.initializer}
    names = [value.name for value in model.graph.input if value.name not in initializers]
    return {name: np.ascontiguousarray(feeds[name] if name in feeds else values[name]) for name in names}


def minimise(answers, finding, case, place):
    """Writes the smallest case found to `place`; returns how many ops it has."""
    model, feeds, plans = case
    finder = _Finder(answers, finding, plans)
    shrinking = True
    while shrinking:
        shrinking = False
        values = {**feeds, **_values(model, feeds)}
        for smaller in sorted(filter(None, _candidates(model, values)), key=_size):
            if _size(smaller) >= _size(model) or not smaller.graph.node:
                continue
            smaller_feeds = _feeds(smaller, feeds, values)
            if smaller_feeds and finder.shows(smaller, smaller_feeds):
                model, feeds, shrinking = smaller, smaller_feeds, True
                break
    generate.write_case(place, model, feeds, finder.plans)
    return len(model.graph.node)
