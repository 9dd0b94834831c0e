# SPDX-License-Identifier: Apache-2.0
"""Ops that move elements. Each function adds ops to a Network or raises Refused."""

import numpy as np

from network import Refused


def _unary(net):
    """A value that an op without arithmetic reads: float, or now and then int64."""
    if net.whole and net.chance(0.1):
        return net.choose(net.whole)
    return net.value()


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


def _axis(net, shape):
    """An axis that is not a symbolic batch, and how it is written."""
    first = 1 if net.symbolic else 0
    if len(shape) <= first:
        raise Refused
    axis = net.integer(first, len(shape) - 1)
    return axis, axis - len(shape) if net.opset >= 11 and net.chance(0.3) else axis


def slice_(net):
    x = _unary(net)
    shape = net.values[x].shape
    starts, ends, axes, steps = [], [], [], []
    for _ in range(net.choose([1, 1, 2])):
        axis, named = _axis(net, shape)
        if axis in [a % len(shape) for a in axes]:
            continue
        step = net.choose([1, 1, 1, 2, -1, -2]) if net.opset >= 10 else 1
        first, last = sorted(net.integer(0, shape[axis]) for _ in range(2))
        start, end = (first, last) if step > 0 else (last, first - 1 if first else -2 - shape[axis])
        if net.chance(0.2):
            start, end = (0, 2 ** 31 - 1) if step > 0 else (2 ** 31 - 1, -2 ** 31)
        elif step > 0 and net.chance(0.3) and last < shape[axis]:
            end = last - shape[axis]
        starts, ends, axes, steps = starts + [start], ends + [end], axes + [named], steps + [step]
    if net.opset < 10:
        return net.op("Slice", [x], starts=starts, ends=ends, axes=axes)
    inputs = [x, net.indices(starts), net.indices(ends), net.indices(axes)]
    if any(step != 1 for step in steps) or net.chance(0.3):
        inputs.append(net.indices(steps))
    return net.op("Slice", inputs)


def split(net):
    x = _unary(net)
    shape = net.values[x].shape
    axis, named = _axis(net, shape)
    parts = net.integer(1, min(4, shape[axis]))
    bounds = [0, *sorted(int(b) for b in net.rng.permutation(np.arange(1, shape[axis]))[:parts - 1]), shape[axis]]
    sizes = [b - a for a, b in zip(bounds, bounds[1:])]
    even = shape[axis] % parts == 0 and net.chance(0.5)
    attributes = {} if named == 0 and net.chance(0.5) else {"axis": named}
    if even and net.opset >= 18:
        attributes["num_outputs"] = parts
    elif not even and net.opset < 13:
        attributes["split"] = sizes
    inputs = [x] if even or net.opset < 13 else [x, net.indices(sizes)]
    return net.op("Split", inputs, outputs=parts, **attributes)


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
