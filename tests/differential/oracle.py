# SPDX-License-Identifier: Apache-2.0
"""What ONNX Runtime answers, and how far rounding alone moves its answer."""

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

onnxruntime.set_default_logger_severity(4)

# Relative change of every input and weight in an estimate of noise: eight units of the last place of float32.
PERTURBATION = 2.0**-20
PERTURBED_RUNS = 6


class Failure(Exception):
    """ONNX Runtime refuses the network or its input."""


def session(model):
    options = onnxruntime.SessionOptions()
    # Nothing is fused or folded: each op is what its definition says.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.enable_mem_reuse = False  # it trusts inferred shapes, which are wrong for some pools with ceil_mode
    try:
        return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions have no common class
        raise Failure(str(error)) from error


def run(model, feeds):
    opened = session(model)
    read = {value.name for value in opened.get_inputs()}
    try:
        return opened.run(None, {name: array for name, array in feeds.items() if name in read})
    except Exception as error:
        raise Failure(str(error)) from error


def _perturbed(array, rng):
    if array.dtype != np.float32:
        return array
    with np.errstate(over="ignore", invalid="ignore"):
        return (array * (1 + PERTURBATION * rng.choice([-1.0, 1.0], array.shape))).astype(np.float32)


def perturbed_answers(model, feeds):
    """Answers of networks that differ from `model` by what rounding would: an estimate of its condition."""
    rng = np.random.default_rng(0)
    answers = []
    for _ in range(PERTURBED_RUNS):
        other = onnx.ModelProto()
        other.CopyFrom(model)
        tensors = list(other.graph.initializer)
        tensors += [node.attribute[0].t for node in other.graph.node if node.op_type == "Constant"]
        for tensor in tensors:
            array = numpy_helper.to_array(tensor)
            tensor.CopyFrom(numpy_helper.from_array(_perturbed(array, rng), tensor.name))
        answers.append(run(other, {name: _perturbed(array, rng) for name, array in feeds.items()}))
    return answers
