# SPDX-License-Identifier: Apache-2.0
"""Convolutions, pools, products and normalisations with random parameters. Each function adds ops to a Network or
raises Refused."""

import numpy as np

from network import Refused


def _spatial(net, low=3, high=5):
    return net.value(lambda a: low <= a.ndim <= high)


def _channels(net):
    return net.choose([1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 40])


def _fits(extents, attributes):
    """Whether a window has a place at all; ONNX Runtime gives some that have none an output."""
    pads = attributes.get("pads", [0] * 2 * len(extents))
    dilations = attributes.get("dilations", [1] * len(extents))
    reaches = [(k - 1) * d + 1 for k, d in zip(attributes["kernel_shape"], dilations)]
    padded = [extent + begin + end for extent, begin, end in zip(extents, pads, pads[len(extents):])]
    return attributes.get("auto_pad", "").startswith("SAME") or all(r <= p for r, p in zip(reaches, padded))


def _window(net, extents, dilate=True):
    """Attributes of a window over `extents`, each kind of padding among them."""
    kernel = [net.integer(1, min(extent + 1, net.choose([1, 3, 3, 5]))) for extent in extents]
    if net.chance(0.4):
        kernel = [min(kernel[0], extent) for extent in extents]
    attributes = {"kernel_shape": kernel}
    if net.chance(0.5):
        attributes["strides"] = [net.integer(1, 3) for _ in extents]
    if dilate and net.chance(0.25):
        attributes["dilations"] = [net.integer(1, 3) for _ in extents]
    padding = net.choose(["none", "same", "asymmetric", "SAME_UPPER", "SAME_LOWER", "VALID"])
    if padding in ("SAME_UPPER", "SAME_LOWER", "VALID"):
        attributes["auto_pad"] = padding
        if padding != "VALID":  # ONNX Runtime pads for the window without its dilation, or refuses
            attributes.pop("dilations", None)
    elif padding == "same":
        attributes["pads"] = 2 * [(k - 1) // 2 for k in kernel]
    elif padding == "asymmetric":
        attributes["pads"] = [net.integer(0, k - 1) for k in 2 * kernel]
    if not _fits(extents, attributes):
        raise Refused
    return attributes


def conv(net):
    x = _spatial(net)
    shape = net.values[x].shape
    attributes = _window(net, shape[2:])
    if net.chance(0.3):  # strided or plain 1x1
        attributes = {"kernel_shape": [1] * (len(shape) - 2), "strides": [net.integer(1, 2)] * (len(shape) - 2)}
    group, outputs = 1, _channels(net)
    if net.chance(0.3):
        divisors = [d for d in range(1, shape[1] + 1) if shape[1] % d == 0]
        group = shape[1] if net.chance(0.5) else net.choose(divisors)
        outputs = group * net.choose([1, 1, 2, 3])
    inside = [outputs, shape[1] // group, *attributes["kernel_shape"]]
    if net.chance(0.3):
        del attributes["kernel_shape"]
    fan_in = int(np.prod(inside[1:]))
    inputs = [x, net.weights(inside, fan_in)]
    if net.chance(0.6):
        inputs.append(net.weights([outputs]))
    return net.op("Conv", inputs, **attributes, **({"group": group} if group > 1 or net.chance(0.5) else {}))


def pool(net):
    x = _spatial(net)
    kind = net.choose(["MaxPool", "AveragePool"]) if net.finite else "AveragePool"
    newest = 10 if kind == "MaxPool" else 19
    attributes = _window(net, net.values[x].shape[2:], dilate=net.opset >= newest)
    # Older opsets differ in what these pairs mean, and disco writes an older one.
    same = attributes.get("auto_pad", "").startswith("SAME")
    if same and any(k < s for k, s in zip(attributes["kernel_shape"], attributes.get("strides", []))):
        raise Refused
    if net.opset >= 10 and net.chance(0.4) and "auto_pad" not in attributes:
        attributes["ceil_mode"] = 1
    if kind == "AveragePool" and net.chance(0.5):
        attributes["count_include_pad"] = 1
    if kind == "MaxPool" and net.opset >= 8 and net.chance(0.15):
        if net.chance(0.3):
            attributes["storage_order"] = 1
        pooled = net.op("MaxPool", [x], 2, **attributes)
        net.outputs.append(pooled + "_1")
        return pooled
    return net.op(kind, [x], **attributes)


def global_pool(net):
    return net.op("GlobalAveragePool", [_spatial(net)])


def gemm(net):
    x = net.value(lambda a: a.ndim == 2)
    rows, inner = net.values[x].shape
    attributes = {}
    if net.chance(0.3) and not net.symbolic:
        attributes["transA"], rows, inner = 1, inner, rows
    outputs = _channels(net)
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
    features = _channels(net)
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
