# SPDX-License-Identifier: Apache-2.0
"""The mask of a plan file, applied to a network: docs/format/plan.md, read anew."""

import json

import numpy as np
import onnx
from onnx import helper, numpy_helper


def _weight_axes(node, rank):
    """(axis of the output features, axis of the input features) of the weights of a mixing op, or None."""
    attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    if node.op_type == "Conv" and attributes.get("group", 1) == 1:
        return 0, 1
    if node.op_type == "Gemm" and not attributes.get("transA", 0):
        return (0, 1) if attributes.get("transB", 0) else (1, 0)
    if node.op_type == "MatMul" and rank == 2:
        return 1, 0
    return None


def _owners(value):
    return np.repeat(*np.array(value["owners"]).T)


def _alive(source, result, axes, rank):
    """Ones where a weight lives: its input feature is its node's own or among those that the node keeps."""
    outputs, inputs = _owners(result), _owners(source)
    alive = outputs[:, None] == inputs[None, :]
    for node, kept in enumerate(source["kept"][0]):
        alive[np.ix_(outputs == node, kept)] = True
    if axes == (1, 0):
        alive = alive.T
    return alive.reshape(alive.shape + (1,) * (rank - 2)).astype(np.float32)


def masked(model, plan_path, shapes):
    """`model` with the weights that the plan prunes multiplied by zero; `shapes` of its constants by name."""
    values = {value["name"]: value for value in json.loads(plan_path.read_text())["values"]}
    sparse = onnx.ModelProto()
    sparse.CopyFrom(model)
    nodes = []
    for node in sparse.graph.node:
        if node.op_type in ("Conv", "Gemm", "MatMul") and node.input[1] in shapes:
            rank = len(shapes[node.input[1]])
            axes = _weight_axes(node, rank)
            source, result = values.get(node.input[0]), values.get(node.output[0])
            if axes and source and result and "kept" in source:
                name = node.output[0] + "_mask"
                alive = _alive(source, result, axes, rank)
                sparse.graph.initializer.append(numpy_helper.from_array(alive, name))
                nodes.append(helper.make_node("Mul", [node.input[1], name], [name + "ed"]))
                node.input[1] = name + "ed"
        nodes.append(node)
    if sparse.ir_version < 4:  # there, every initializer has to be listed as an input
        sparse.ir_version = 4
    del sparse.graph.node[:]
    sparse.graph.node.extend(nodes)
    return sparse
