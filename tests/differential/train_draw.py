# SPDX-License-Identifier: Apache-2.0
"""Random image classifiers in ONNX and random recipes, each from a seed alone."""

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

CLASSES = 10  # what an IDX data set has at least


class Drawing:
    """A network under construction; `shape` is that of the newest value, [C, H, W]."""

    def __init__(self, rng):
        self.rng, self.nodes, self.weights = rng, [], []
        self.name, self.shape = "x", [1, int(rng.integers(8, 13)), int(rng.integers(8, 13))]
        self.input_shape = list(self.shape)

    def chance(self, share):
        return self.rng.random() < share

    def constant(self, array, dtype=np.float32):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(array, dtype), name))
        return name

    def normal(self, shape, deviation=0.3, mean=0.0):
        return self.constant(mean + deviation * self.rng.standard_normal(shape))

    def op(self, kind, inputs, shape=None, **attributes):
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=f"op{len(self.nodes)}", **attributes))
        self.name, self.shape = name, self.shape if shape is None else shape
        return name

    def conv(self, out=None, kernel=None, stride=None, keep=False):
        rng, (channels, height, width) = self.rng, self.shape
        kernel = kernel or int(rng.choice([1, 1, 3, 3, 5]))
        strides = [1, 1] if keep else [stride or int(s) for s in rng.choice([1, 1, 2, 3], 2)]
        dilations = [1, 1] if keep or self.chance(0.8) else [2, 1]
        group = int(rng.choice([g for g in range(1, channels + 1) if channels % g == 0])) if self.chance(0.3) else 1
        out = out or group * int(rng.integers(1, 1 + 20 // group))
        group = group if out % group == 0 else 1
        reach = [(kernel - 1) * d + 1 for d in dilations]
        pads = [kernel // 2] * 4
        if not keep and self.chance(0.3):
            pads = [int(p) for p in rng.integers(0, kernel, 4)]
        extents = [(n + pads[i] + pads[i + 2] - reach[i]) // strides[i] + 1 for i, n in enumerate((height, width))]
        if min(extents) < 1:
            return
        inputs = [self.name, self.normal([out, channels // group, kernel, kernel], (2 / (channels / group * kernel**2)) ** 0.5)]
        if self.chance(0.5):
            inputs.append(self.normal([out]))
        self.op("Conv", inputs, [out, *extents], strides=strides, dilations=dilations, pads=pads, group=group, kernel_shape=[kernel] * 2)

    def normalize(self):
        c = [self.shape[0]]
        inputs = [self.name, self.normal(c, 0.2, 1), self.normal(c), self.normal(c), self.constant(self.rng.uniform(0.5, 2, c))]
        self.op("BatchNormalization", inputs, momentum=float(self.rng.uniform(0.5, 0.95)), epsilon=float(self.rng.choice([1e-5, 1e-3])))

    def activate(self):
        kind = self.rng.choice(["Relu", "LeakyRelu", "Sigmoid", "HardSwish", "Clip"])
        if kind == "Clip":
            self.op("Clip", [self.name, self.constant(-0.3), self.constant(1.1)])
        elif kind == "LeakyRelu":
            self.op(kind, [self.name], alpha=0.2)
        else:
            self.op(kind, [self.name])

    def pool(self):
        if min(self.shape[1:]) < 3:
            return
        kind, ceil = self.rng.choice(["MaxPool", "AveragePool"]), int(self.chance(0.5))
        attributes = {"kernel_shape": [3, 2], "strides": [2, 1], "pads": [1, 0, 0, 1], "ceil_mode": ceil}
        if kind == "AveragePool":
            attributes["count_include_pad"] = int(self.chance(0.5))
        up = 1 if ceil else 0
        height = (self.shape[1] + 1 - 3 + up) // 2 + 1
        self.op(kind, [self.name], [self.shape[0], height, self.shape[2]], **attributes)

    def scale(self):
        c, h, w = self.shape
        shape = [[c, 1, 1], [1, c, 1, 1], [h, w], [], [1, 1, 1, w]][self.rng.integers(5)]
        self.op(str(self.rng.choice(["Mul", "Add"])), [self.name, self.normal(shape, 0.3, 0.8)])

    def join(self):
        before, shape = self.name, list(self.shape)
        self.conv(out=shape[0], keep=True)
        if self.chance(0.5):
            self.normalize()
        if self.chance(0.5):
            self.op(str(self.rng.choice(["Add", "Mul"])), [self.name, before])
        else:
            self.op("Concat", [before, self.name], [2 * shape[0], *shape[1:]], axis=1)

    def shortcut(self):
        """A residual block that halves the map: a strided 1x1 convolution beside a strided 3x3 one."""
        before, shape, out = self.name, list(self.shape), int(self.rng.integers(2, 24))
        self.conv(out=out, kernel=3, stride=2)
        main, main_shape = self.name, list(self.shape)
        self.name, self.shape = before, shape
        self.conv(out=out, kernel=1, stride=2)
        if main_shape == self.shape:
            self.op("Add", [main, self.name])

    def move(self):
        c, h, w = self.shape
        kind = self.rng.integers(5)
        if kind == 0:
            self.op("Transpose", [self.name], [c, w, h], perm=[0, 1, 3, 2])
        elif kind == 1:
            pads = self.constant([0, 0, 1, 0, 0, 0, 0, 2], np.int64)
            self.op("Pad", [self.name, pads], [c, h + 1, w + 2], mode="constant")
        elif kind == 2:
            self.op("Reshape", [self.name, self.constant([0, h, c, w], np.int64)], [h, c, w])
        elif kind == 3:
            picked = self.rng.integers(0, c, max(1, c - 1))
            self.op("Gather", [self.name, self.constant(picked, np.int64)], [len(picked), h, w], axis=1)
        else:
            self.op("LRN", [self.name], alpha=0.1, beta=0.7, bias=1.5, size=3)

    def head(self):
        c, h, w = self.shape
        kind = self.rng.integers(3)
        if kind == 0:
            self.op("GlobalAveragePool", [self.name])
        elif kind == 1:
            self.op("ReduceMean", [self.name], axes=[2, 3], keepdims=1)
        features = c if kind < 2 else c * h * w
        self.op("Flatten", [self.name])
        deviation = features**-0.5
        if self.chance(0.4):
            self.op("MatMul", [self.name, self.normal([features, CLASSES], deviation)])
            self.op("Add", [self.name, self.normal([CLASSES])])
        else:
            weight = self.normal([CLASSES, features], deviation)
            bias = [self.normal([CLASSES])] if self.chance(0.7) else []
            self.op("Gemm", [self.name, weight, *bias], transB=1, alpha=float(self.rng.choice([1, 0.7])), beta=float(self.rng.choice([1, 1.3])))
        if self.chance(0.3):
            self.op("Softmax", [self.name], axis=1)


def live(drawing):
    """Nodes that the answer depends on, and their weights; disco leaves out the others."""
    wanted, nodes = {drawing.name}, []
    for node in reversed(drawing.nodes):
        if node.output[0] in wanted:
            nodes.append(node)
            wanted.update(node.input)
    return nodes[::-1], [weight for weight in drawing.weights if weight.name in wanted]


def draw_network(rng):
    drawing = Drawing(rng)
    drawing.conv(out=int(rng.integers(2, 9)), keep=True)
    steps = [drawing.conv, drawing.conv, drawing.normalize, drawing.normalize, drawing.activate, drawing.activate,
             drawing.pool, drawing.scale, drawing.join, drawing.shortcut, drawing.shortcut, drawing.move]
    for _ in range(rng.integers(3, 9)):
        steps[rng.integers(len(steps))]()
    drawing.head()
    value = helper.make_tensor_value_info
    nodes, weights = live(drawing)
    graph = helper.make_graph(nodes, "drawn", [value("x", TensorProto.FLOAT, ["N", *drawing.input_shape])],
                              [value(drawing.name, TensorProto.FLOAT, ["N", CLASSES])], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model, full_check=True)
    return model, drawing.input_shape


def draw_recipe(rng):
    return {
        "optimizer": str(rng.choice(["sgd", "adamw"])),
        "lr": float(rng.choice([0.02, 0.1])),
        "momentum": float(rng.choice([0, 0.8, 0.9])),
        "weight_decay": float(rng.choice([0, 0.01, 0.1])),
        "label_smoothing": float(rng.choice([0, 0.1])),
        "schedule": str(rng.choice(["constant", "linear", "cosine"])),
        "epochs": int(rng.integers(1, 4)),
        "threads": int(rng.choice([1, 2])),
    }
