# SPDX-License-Identifier: Apache-2.0
"""An ONNX network under PyTorch, op by op as ONNX defines them, and the steps of a recipe on it."""

import math

import numpy as np
import torch
from onnx import helper, numpy_helper
from torch.nn import functional as F


def _pads(pads):
    """ONNX: begins, then ends; PyTorch: last axis first."""
    axes = len(pads) // 2
    return [p for axis in reversed(range(axes)) for p in (pads[axis], pads[axes + axis])]


def _conv(x, weight, bias=None, *, strides, pads, dilations, group, **_):
    return F.conv2d(F.pad(x, _pads(pads)), weight, bias, strides, 0, dilations, group)


def _windows(x, fill, kernel_shape, strides, pads, ceil_mode=0):
    """Padded by `fill` as far as windows reach; PyTorch's own pads and ceil_mode differ from ONNX's."""
    more = [0, 0, 0, 0]
    for axis in range(2):
        extent = x.shape[2 + axis] + pads[axis] + pads[2 + axis] - kernel_shape[axis]
        count = (-(-extent // strides[axis]) if ceil_mode else extent // strides[axis]) + 1
        more[axis] = max(0, (count - 1) * strides[axis] - extent)
    x = F.pad(x, _pads(pads), value=fill)
    x = F.pad(x, _pads([0, 0, more[0], more[1]]), value=fill)
    x = x.unfold(2, kernel_shape[0], strides[0]).unfold(3, kernel_shape[1], strides[1])
    return x.flatten(4)


def _max_pool(x, **attributes):
    return _windows(x, -math.inf, **attributes).max(-1).values


def _average_pool(x, count_include_pad=0, **attributes):
    ones = torch.ones_like(x[:1, :1])
    if count_include_pad:
        pads = attributes["pads"]
        ones = F.pad(ones, _pads(pads), value=1)
        counted = _windows(ones, 0, **{**attributes, "pads": [0, 0, 0, 0]}).sum(-1)
    else:
        counted = _windows(ones, 0, **attributes).sum(-1)
    return _windows(x, 0, **attributes).sum(-1) / counted


def _batch_norm(x, scale, shift, mean, variance, *, momentum, epsilon):
    return F.batch_norm(x, mean, variance, scale, shift, True, 1 - momentum, epsilon)


def _lrn(x, *, alpha, beta, bias, size):
    return F.local_response_norm(x, size, alpha, beta, bias)


def _gemm(a, b, c=0.0, *, alpha, beta, transB):
    return alpha * (a @ b.T) + beta * c


def _reshape(x, shape):
    return x.reshape([x.shape[i] if n == 0 else n for i, n in enumerate(shape)])


OPS = {
    "Add": torch.add,
    "AveragePool": _average_pool,
    "BatchNormalization": _batch_norm,
    "Clip": lambda x, low, high: torch.minimum(torch.maximum(x, x.new_tensor(low)), x.new_tensor(high)),
    "Concat": lambda *x, axis: torch.cat(x, axis),
    "Conv": _conv,
    "Flatten": lambda x: x.flatten(1),
    "Gather": lambda x, index, axis: x.index_select(axis, torch.tensor(index)),
    "Gemm": _gemm,
    "GlobalAveragePool": lambda x: x.mean((2, 3), keepdim=True),
    "HardSwish": lambda x: x * (x / 6 + 0.5).clamp(0, 1),
    "LRN": _lrn,
    "LeakyRelu": lambda x, alpha: torch.where(x > 0, x, alpha * x),
    "MatMul": torch.matmul,
    "MaxPool": _max_pool,
    "Mul": torch.mul,
    "Pad": lambda x, pads, mode: F.pad(x, _pads(list(pads))),
    "ReduceMean": lambda x, axes, keepdims: x.mean(axes, keepdim=bool(keepdims)),
    "Relu": torch.relu,
    "Reshape": _reshape,
    "Sigmoid": torch.sigmoid,
    "Transpose": lambda x, perm: x.permute(perm),
}
# Inputs that say how an op works; they are not trained.
PARAMETERS = {"Clip": (1, 2), "Gather": (1,), "Pad": (1,), "Reshape": (1,)}
STATISTICS = {"BatchNormalization": (3, 4)}


class Network:
    """Weights of the network as tensors of one type; trained ones ask for gradients."""

    def __init__(self, model, dtype):
        self.graph, self.dtype, self.weights, self.parameters = model.graph, dtype, {}, {}
        arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
        for node in model.graph.node:
            for slot, name in enumerate(node.input):
                if name not in arrays:
                    continue
                if slot in PARAMETERS.get(node.op_type, ()):
                    self.parameters[name] = arrays[name].tolist()
                    continue
                tensor = torch.tensor(arrays[name], dtype=dtype)
                tensor.requires_grad_(slot not in STATISTICS.get(node.op_type, ()))
                self.weights[name] = tensor

    def trained(self):
        return {name: tensor for name, tensor in self.weights.items() if tensor.requires_grad}

    def logits(self, images):
        values = {**self.parameters, **self.weights, self.graph.input[0].name: images.to(self.dtype)}
        for node in self.graph.node:
            if node.op_type == "Softmax":
                return values[node.input[0]]
            attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
            values[node.output[0]] = OPS[node.op_type](*(values[name] for name in node.input), **attributes)
        return values[self.graph.output[0].name]


def _optimizer(network, recipe):
    trained = network.trained().values()
    groups = [{"params": [w for w in trained if w.dim() >= 2], "weight_decay": recipe["weight_decay"]},
              {"params": [w for w in trained if w.dim() < 2], "weight_decay": 0}]
    groups = [group for group in groups if group["params"]]
    if recipe["optimizer"] == "adamw":
        return torch.optim.AdamW(groups, betas=(recipe["momentum"], 0.999), eps=1e-8)
    return torch.optim.SGD(groups, lr=1, momentum=recipe["momentum"])


def _rate(recipe, step):
    t = step / recipe["epochs"]
    shape = {"constant": 1, "linear": 1 - t, "cosine": (1 + math.cos(math.pi * t)) / 2}
    return recipe["lr"] * shape[recipe["schedule"]]


def train(model, images, labels, recipe, dtype):
    """One step an epoch, on the whole batch. Returns losses, weights, and gradients of all steps."""
    network, losses, gradients = Network(model, dtype), [], []
    optimizer = _optimizer(network, recipe)
    for step in range(recipe["epochs"]):
        for group in optimizer.param_groups:
            group["lr"] = _rate(recipe, step)
        optimizer.zero_grad()
        loss = F.cross_entropy(network.logits(images), labels, label_smoothing=recipe["label_smoothing"])
        loss.backward()
        losses.append(loss.item())
        gradients.append({name: w.grad.double().numpy().copy() for name, w in network.trained().items()})
        optimizer.step()
    weights = {name: w.detach().double().numpy() for name, w in network.weights.items()}
    return np.array(losses), weights, gradients
