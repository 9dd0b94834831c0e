# SPDX-License-Identifier: Apache-2.0
"""Elementwise ops with every form of broadcast. Each function adds ops to a Network."""

import numpy as np


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
    if len(terms) > 1 and net.chance(0.3):  # one of them more than once
        terms += [terms[1]] * net.integer(1, 2)
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
