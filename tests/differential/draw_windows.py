# SPDX-License-Identifier: Apache-2.0
"""Convolutions and pools. Each function adds ops to a Network or raises Refused."""

import numpy as np

from network import Refused


def _spatial(net, low=3, high=5):
    return net.value(lambda a: low <= a.ndim <= high)


def channels(net):
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
    group, outputs = 1, channels(net)
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
