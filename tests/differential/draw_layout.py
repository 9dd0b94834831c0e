# SPDX-License-Identifier: Apache-2.0
"""Elementwise ops with every form of broadcast, and ops that move elements. Each function adds ops to a Network or
raises Refused."""

import numpy as np

from network import Refused


def _unary(net):
    """A value that an op without arithmetic reads: float, or now and then int64."""
    if net.whole and net.chance(0.1):
        return net.choose(net.whole)
    return net.value()


def _broadcast_form(net, shape):
    """A shape that broadcasts to `shape`: axes of extent 1, leading axes left out."""
    form = [extent if net.chance(0.55) else 1 for extent in shape]
    if net.symbolic and form:
        form[0] = 1
    return form[net.integer(0, len(form)):] if net.chance(0.5) else form


def binary(net):
    """Add or Mul with a constant, with another value, or of a value with itself."""
    x = net.value()
    kind, shape = net.choose(["Add", "Add", "Mul"]), net.values[x].shape
    if net.chance(0.6):
        other = net.weights(_broadcast_form(net, shape))
    elif net.chance(0.1):
        other = x
    else:
        other = _other(net, shape)
    return net.op(kind, [x, other] if net.chance(0.6) else [other, x])


def _other(net, shape):
    def fits(array):
        pairs = list(zip(reversed(array.shape), reversed(shape)))
        alike = not net.symbolic or array.ndim == len(shape)
        return alike and all(a == b or a == 1 or b == 1 for a, b in pairs)
    return net.value(fits, recent=0)


def spread_add(net):
    """An addend that is larger than the value it is added to."""
    x = net.value(lambda a: a.ndim >= 1)
    shape = list(net.values[x].shape)
    if net.symbolic:
        shape[0] = 1
    for axis in range(1, len(shape)):
        if shape[axis] == 1 and net.chance(0.6):
            shape[axis] = net.integer(2, 5)
    if not net.symbolic and net.chance(0.4) and len(shape) < 5:
        shape.insert(0, net.integer(1, 2))
    return net.op("Add", [x, net.weights(shape)])


def sum_of_many(net):
    x = net.value()
    shape = net.values[x].shape
    terms = [x] + [net.weights(_broadcast_form(net, shape)) if net.chance(0.5) else _other(net, shape)
                   for _ in range(net.integer(0, 3))]
    return net.op("Sum", [terms[i] for i in net.rng.permutation(len(terms))] if net.opset >= 8 else [x])


def activation(net):
    x = net.value()
    kinds = ["Relu", "Relu", "LeakyRelu", "Sigmoid", "Clip", "Clip", "Identity", "Dropout"]
    kind = net.choose(kinds + (["HardSwish"] if net.opset >= 14 else []))
    if kind == "LeakyRelu":
        return net.op(kind, [x], **({"alpha": 0.3} if net.chance(0.5) else {}))
    if kind == "Clip":
        return _clip(net, x)
    if kind == "Dropout":
        return _dropout(net, x)
    return net.op(kind, [x])


def _clip(net, x):
    bounds = [(0.0, 6.0), (-1.0, 1.0), (0.0, 1.0)]
    if net.finite:  # without a bound infinity becomes the largest number, whose sums depend on their order
        bounds += [(-0.5, None), (None, 0.5), (None, None)]
    low, high = net.choose(bounds)
    if net.opset < 11:
        bounds = {"min": low, "max": high}
        return net.op("Clip", [x], **{name: bound for name, bound in bounds.items() if bound is not None})
    inputs = [x] + ["" if b is None else net.constant(np.float32(b)) for b in (low, high)]
    while inputs[-1] == "":
        inputs.pop()
    return net.op("Clip", inputs)


def _dropout(net, x):
    outputs = 2 if net.chance(0.1) and net.opset >= 12 else 1  # before, ONNX does not say what the mask is
    if net.opset < 12:
        dropped = net.op("Dropout", [x], outputs, ratio=0.4)
    else:
        dropped = net.op("Dropout", [x] + ([net.constant(np.float32(0.4))] if net.chance(0.5) else []), outputs)
    if outputs == 2:
        net.outputs.append(dropped + "_1")
    return dropped


def concat(net):
    x = _unary(net)
    array = net.values[x]
    first = 1 if net.symbolic else 0
    if array.ndim <= first:
        raise Refused
    axis = net.integer(first, array.ndim - 1)
    others = net.computed if array.dtype == np.float32 else net.whole
    fits = [n for n in others if net.values[n].ndim == array.ndim and all(
        a == b for i, (a, b) in enumerate(zip(net.values[n].shape, array.shape)) if i != axis)]
    parts = [x] + [net.choose(fits) for _ in range(net.choose([0, 1, 1, 2, 3, 6]))]
    if array.dtype == np.float32 and not net.symbolic and net.chance(0.2):
        parts.append(net.weights([2 if i == axis else e for i, e in enumerate(array.shape)]))
    parts = [parts[i] for i in net.rng.permutation(len(parts))]
    return net.op("Concat", parts, axis=axis - array.ndim if net.opset >= 11 and net.chance(0.3) else axis)


def transpose(net):
    x = _unary(net)
    rank = net.values[x].ndim
    if rank < 2:
        raise Refused
    if net.symbolic:
        return net.op("Transpose", [x], perm=[0] + [1 + int(a) for a in net.rng.permutation(rank - 1)])
    if net.chance(0.15):
        return net.op("Transpose", [x])
    moved = [0] + [1 + int(a) for a in net.rng.permutation(rank - 1)]
    return net.op("Transpose", [x], perm=moved if net.chance(0.7) else [int(a) for a in net.rng.permutation(rank)])


def reshape(net):
    x = _unary(net)
    shape = list(net.values[x].shape)
    target = _regrouped(net, shape)
    if net.symbolic:
        target = [0] + _regrouped(net, shape[1:])
        open_axis = net.integer(1, len(target) - 1) if len(target) > 1 else 0
    else:
        if net.chance(0.3) and target and shape and target[0] == shape[0]:
            target[0] = 0
        open_axis = net.integer(0, len(target) - 1) if target else 0
    if target and target[open_axis] != 0 and net.chance(0.4):
        target[open_axis] = -1
    return net.op("Reshape", [x, net.indices(target)])


def _regrouped(net, shape):
    """The same number of elements in other extents: axes joined and taken apart."""
    target = []
    for extent in shape:
        if target and net.chance(0.4):
            target[-1] *= extent
            continue
        divisors = [d for d in range(2, extent) if extent % d == 0]
        if divisors and net.chance(0.4):
            divisor = net.choose(divisors)
            target += [divisor, extent // divisor]
        else:
            target.append(extent)
    return target[:5] if len(target) <= 5 else target[:4] + [int(np.prod(target[4:]))]


def flatten(net):
    x = _unary(net)
    axis = 1 if net.symbolic else net.integer(0, net.values[x].ndim)
    if net.opset >= 11 and net.chance(0.2) and not net.symbolic and axis < net.values[x].ndim:
        axis -= net.values[x].ndim
    return net.op("Flatten", [x], **({} if axis == 1 and net.chance(0.5) else {"axis": axis}))


def _with_axes(net, kind, x, axes):
    if net.opset < 13:
        return net.op(kind, [x], axes=axes)
    return net.op(kind, [x, net.indices(axes)])


def squeeze(net):
    x = _unary(net)
    shape = net.values[x].shape
    ones = [a for a, extent in enumerate(shape) if extent == 1 and not (net.symbolic and a == 0)]
    if not ones:
        raise Refused
    if net.chance(0.4) and not net.symbolic:
        return net.op("Squeeze", [x])
    axes = [a for a in ones if net.chance(0.7)] or ones[:1]
    return _with_axes(net, "Squeeze", x, [a - len(shape) if net.opset >= 11 and net.chance(0.3) else a for a in axes])


def unsqueeze(net):
    x = _unary(net)
    rank = net.values[x].ndim
    count = net.integer(1, 2)
    if rank + count > 5:
        raise Refused
    places = np.arange(1 if net.symbolic else 0, rank + count)
    axes = sorted(int(a) for a in net.rng.permutation(places)[:count])
    if net.opset >= 11:
        axes = [a - rank - count if net.chance(0.3) else a for a in axes]
    return _with_axes(net, "Unsqueeze", x, axes)


def gather(net):
    x = _unary(net)
    shape = net.values[x].shape
    first = 1 if net.symbolic else 0
    if len(shape) <= first:
        raise Refused
    axis = net.integer(first, len(shape) - 1)
    form = net.choose([[], [1], [2], [shape[axis]], [5], [2, 2], [1, 3]])
    low = -shape[axis] if net.opset >= 11 and net.chance(0.4) else 0
    indices = net.rng.integers(low, shape[axis], form)
    named = axis - len(shape) if net.opset >= 11 and net.chance(0.3) else axis
    dtype = net.choose([np.int64, np.int64, np.int32])
    return net.op("Gather", [x, net.constant(np.asarray(indices, dtype))],
                  **({} if named == 0 and net.chance(0.5) else {"axis": named}))


def pad(net):
    x = net.value(lambda a: a.ndim >= 1)
    shape = net.values[x].shape
    mode = net.choose(["constant", "constant", "reflect", "edge"] + (["wrap"] if net.opset >= 19 else []))
    axes = list(range(1 if net.symbolic else 0, len(shape)))
    begin, end = [0] * len(shape), [0] * len(shape)
    for axis in axes:
        if net.chance(0.5):
            most = 2 if mode == "constant" else min(2, shape[axis] - 1)
            least = -1 if shape[axis] > 2 and net.chance(0.2) and mode == "constant" else 0
            begin[axis], end[axis] = net.integer(least, most), net.integer(least, most)
    value = net.choose([0.0, 0.5])
    if net.opset < 11:
        return net.op("Pad", [x], pads=begin + end, mode=mode, value=value)
    inputs = [x]
    if net.opset >= 18 and net.chance(0.4) and axes:
        listed = [a for a in axes if begin[a] or end[a]] or axes[:1]
        inputs += [net.indices([begin[a] for a in listed] + [end[a] for a in listed]), net.constant(np.float32(value)),
                   net.indices([a - len(shape) if net.chance(0.3) else a for a in listed])]
    else:
        inputs.append(net.indices(begin + end))
        if net.chance(0.5):
            inputs.append(net.constant(np.float32(value)))
    return net.op("Pad", inputs, mode=mode)


def folded_constant(net):
    """An addend that ops make of constants alone."""
    x = net.value()
    form = _broadcast_form(net, net.values[x].shape)
    if net.opset >= 9 and net.chance(0.4):
        filled = net.op("ConstantOfShape", [net.indices(form)])
    else:
        flat = net.weights([int(np.prod(form))])
        filled = net.op("Reshape", [flat, net.indices(form)])
    net.computed.remove(filled)
    net.folded.add(filled)
    return net.op("Add", [x, filled])
