# SPDX-License-Identifier: Apache-2.0
"""Matrix products and normalisations. Each function adds ops to a Network or raises Refused."""

import numpy as np

from draw_windows import channels
from network import Refused


def gemm(net):
    x = net.value(lambda a: a.ndim == 2)
    rows, inner = net.values[x].shape
    attributes = {}
    if net.chance(0.3) and not net.symbolic:
        attributes["transA"], rows, inner = 1, inner, rows
    outputs = channels(net)
    shape = [inner, outputs]
    if net.chance(0.5):
        attributes["transB"], shape = 1, [outputs, inner]
    if net.chance(0.3):
        attributes["alpha"] = float(net.choose([0.5, 2.0, -1.0]))
    if net.chance(0.3):
        attributes["beta"] = float(net.choose([0.5, 2.0, -1.0]))
    inputs = [x, net.weights(shape, inner)]
    row_of_addend = 1 if net.symbolic else net.choose([1, rows])
    addends = [[outputs], [1, outputs], [row_of_addend, 1], [1], [], [row_of_addend, outputs]]
    if net.opset < 11 or net.chance(0.7):
        inputs.append(net.weights(net.choose(addends)))
    return net.op("Gemm", inputs, **attributes)


def matmul(net):
    x = net.value(lambda a: a.ndim >= (2 if net.symbolic else 1))
    shape = net.values[x].shape
    constant_on_left = net.chance(0.3) and len(shape) >= 2
    if net.symbolic and len(shape) < 3 and constant_on_left:
        raise Refused
    inner = shape[-2] if constant_on_left else shape[-1]
    features = channels(net)
    matrix = [features, inner] if constant_on_left else [inner, features]
    if net.chance(0.1):
        matrix = [inner]
    elif net.chance(0.4):  # a stack that broadcasts against that of the other operand
        stack = [extent if net.chance(0.5) else 1 for extent in shape[:-2]]
        if net.symbolic:
            stack[:1] = [1] * len(stack[:1])
        extra = [] if net.symbolic or net.chance(0.7) else [net.integer(1, 2)]
        matrix = extra + stack[net.integer(0, len(stack)):] + matrix if not extra else extra + stack + matrix
    w = net.weights(matrix, inner)
    return net.op("MatMul", [w, x] if constant_on_left else [x, w])


def matmul_of_two(net):
    x = net.value(lambda a: a.ndim >= 2)
    shape = net.values[x].shape
    fits = [n for n in net.computed if net.values[n].ndim >= 2 and net.values[n].shape[-2] == shape[-1]]
    if net.symbolic:
        fits = [n for n in fits if net.values[n].ndim == len(shape) >= 3]
    if not fits:
        raise Refused
    return net.op("MatMul", [x, net.choose(fits)])


def batch_norm(net):
    if net.kind == "overflow":  # folded into weights, it overflows elsewhere
        raise Refused
    x = net.value(lambda a: a.ndim >= 2)
    features = net.values[x].shape[1]
    scale, bias = net.weights([features]), net.weights([features])
    computed = [n for n in net.computed if net.values[n].shape == (features,)]
    if computed and net.chance(0.5):
        scale = net.choose(computed)
    # Its own: in training form ONNX Runtime writes the new mean over it while others still read it.
    mean = net.constant(net.rng.uniform(-0.5, 0.5, features).astype(np.float32))
    variance = net.constant(net.rng.uniform(0.2, 2, features).astype(np.float32))
    attributes = {"epsilon": net.choose([1e-5, 1e-3, 0.1])} if net.chance(0.5) else {}
    several = net.values[x].size > features  # of one value per feature, all that is left is rounding
    if net.opset >= 14 and net.chance(0.1) and not net.symbolic and several:
        return net.op("BatchNormalization", [x, scale, bias, mean, variance], 3, training_mode=1, **attributes)
    return net.op("BatchNormalization", [x, scale, bias, mean, variance], **attributes)


def layer_norm(net):
    if net.opset < 17 or not net.finite:  # of numbers that are none there are no statistics
        raise Refused
    x = net.value(lambda a: a.ndim >= 2)
    shape = net.values[x].shape
    axis = net.integer(1, len(shape) - 1)
    if int(np.prod(shape[axis:])) < 2:  # of one number the variance is 0
        raise Refused
    inputs = [x] + [net.weights(shape[axis:]) for _ in range(net.choose([1, 2, 2]))]
    return net.op("LayerNormalization", inputs, axis=axis - len(shape) if net.chance(0.5) else axis,
                  epsilon=net.choose([1e-5, 0.1]))


def lrn(net):
    if not net.finite:  # ONNX Runtime keeps a running sum, which NaN never leaves
        raise Refused
    x = net.value(lambda a: a.ndim == 4)
    return net.op("LRN", [x], size=net.choose([1, 3, 5]), alpha=net.choose([1e-4, 0.1, 1.0]),
                  beta=net.choose([0.5, 0.75]), bias=net.choose([1.0, 2.0]))


def softmax(net):
    x = net.value(lambda a: a.ndim >= 1)
    rank = net.values[x].ndim
    first = 1 if net.symbolic else 0
    if rank <= first:
        raise Refused
    axis = net.integer(first, rank - 1)
    if net.opset >= 11 and net.chance(0.4):
        axis -= rank
    return net.op("Softmax", [x], **({} if net.chance(0.3) and rank > 1 else {"axis": axis}))


def reduce_mean(net):
    x = net.value(lambda a: a.ndim >= 1)
    rank = net.values[x].ndim
    first = 1 if net.symbolic else 0
    count = net.integer(1, max(1, rank - first))
    if rank <= first:
        raise Refused
    axes = [int(a) for a in net.rng.permutation(np.arange(first, rank))[:count]]
    if net.opset >= 11:
        axes = [a - rank if net.chance(0.3) else a for a in axes]
    attributes = {} if net.chance(0.3) else {"keepdims": net.integer(0, 1)}
    inputs = [x]
    if net.chance(0.35) and not net.symbolic:  # over everything
        if net.opset >= 18 and net.chance(0.3):
            inputs.append(net.indices([]))
            attributes["noop_with_empty_axes"] = net.integer(0, 1)
    elif net.opset >= 18:
        inputs.append(net.indices(axes))
    else:
        attributes["axes"] = axes
    return net.op("ReduceMean", inputs, **attributes)
