# SPDX-License-Identifier: Apache-2.0
"""From a seed to a case: a network, its inputs, and the plans with which disco runs it."""

import json

import numpy as np
import onnx

import draw_elementwise as elementwise
import draw_layout as layout
import draw_products as products
import draw_windows as windows
import oracle
from network import NOT_FINITE, Network, Refused

OLDEST_OPSET, NEWEST_OPSET = 7, 22
MOST_NODES = 3
KINDS = ["ordinary"] * 15 + ["zeros", "denormal", *NOT_FINITE]
TRIES = 200  # of ops for one network

# How often each is drawn, relative to the others.
OPS = [
    (windows.conv, 14), (windows.pool, 6), (windows.global_pool, 2), (products.gemm, 6), (products.matmul, 8),
    (products.matmul_of_two, 2), (products.batch_norm, 4), (products.layer_norm, 3), (products.lrn, 1), (products.softmax, 2),
    (products.reduce_mean, 4), (elementwise.binary, 14), (elementwise.spread_add, 2),
    (elementwise.sum_of_many, 2), (elementwise.activation, 10), (layout.concat, 6), (layout.transpose, 3),
    (layout.reshape, 4), (layout.flatten, 3), (layout.squeeze, 3), (layout.unsqueeze, 2), (layout.slice_, 4), (layout.split, 4), (layout.gather, 4),
    (layout.pad, 3), (elementwise.folded_constant, 2),
]
AFTER_A_PRODUCT = [elementwise.binary, elementwise.binary, elementwise.activation, elementwise.sum_of_many]


def _input(rng, kind, shape):
    array = rng.standard_normal(shape).astype(np.float32)
    flat = array.reshape(-1)
    some = rng.integers(0, flat.size, 1 + flat.size // 20)
    if kind == "nan":
        flat[some] = np.nan
    elif kind == "inf":
        flat[some] = rng.choice([np.inf, -np.inf], some.size)
    elif kind == "overflow":
        flat[:] = np.abs(flat) * 1e18
    elif kind == "zeros":
        flat[rng.random(flat.size) < 0.7] = rng.choice([0.0, -0.0])
    elif kind == "denormal":
        flat *= 1e-39
    return array


def _input_shape(net, batch):
    rank = net.choose([1, 2, 2, 3, 3, 4, 4, 4, 4, 4, 5]) if not net.symbolic else net.choose([2, 3, 4, 4, 4, 5])
    largest = {1: 40, 2: 40, 3: 12, 4: 9, 5: 5}[rank]
    shape = [batch] + [net.integer(1, largest) for _ in range(rank - 1)]
    if rank >= 2 and net.chance(0.7):
        shape[1] = net.choose([1, 2, 3, 4, 6, 8, 9, 12, 16, 17, 24, 32, 40])
    return shape


def _add_inputs(net):
    batch = net.choose([1, 1, 1, 2, 3, 4])
    shape = _input_shape(net, batch)
    net.input(_input(net.rng, net.kind, shape))
    if net.chance(0.2):
        alike = [e if net.chance(0.8) else 1 for e in shape[1:]]
        net.input(_input(net.rng, net.kind, [batch] + alike))
    if net.chance(0.1) and len(shape) >= 2:
        net.input(net.rng.standard_normal(shape[1]).astype(np.float32)) if not net.symbolic else None
    if net.chance(0.1):
        net.input(net.rng.integers(-9, 9, [batch] + [net.integer(1, 4) for _ in range(net.integer(1, 3))]))


def _add_ops(net):
    draws, weights = zip(*OPS)
    wanted = net.choose([1, 2, 3, 4, 5, 6, 8, 10, 12, 16])
    weights = np.array(weights) / sum(weights)
    tries = TRIES
    while wanted > 0 and tries > 0:
        tries -= 1
        after_product = net.nodes and net.nodes[-1].op_type in ("Conv", "Gemm", "MatMul") and net.chance(0.5)
        draw = net.choose(AFTER_A_PRODUCT) if after_product else draws[net.rng.choice(len(draws), p=weights)]
        before = len(net.nodes)
        try:
            draw(net)
        except Refused:
            del net.nodes[before:]
            continue
        wanted -= 1


def _choose_outputs(net):
    """What nobody reads, and some of what others read as well; an input now and then."""
    read = {name for node in net.nodes for name in node.input}
    made = [name for node in net.nodes for name in node.output if name not in net.constants]
    outputs = [name for name in made if name not in read or net.chance(0.1)]
    outputs += [name for name in net.inputs if net.chance(0.02)]
    net.outputs = list(dict.fromkeys(outputs))[:8] or made[-1:]


def _plan(rng, nodes):
    method = str(rng.choice(["dense", "disco", "disco", "random", "branches"]))
    plan = {"nodes": nodes, "method": method, "seed": int(rng.integers(1 << 30)),
            "sparsity": float(rng.choice([0.3, 0.5, 0.8, 0.95])) if method in ("disco", "random") else 0.0,
            "allow_empty": bool(rng.random() < 0.3), "call": str(rng.choice(["split", "fused", "mixed"])),
            "shares": []}
    if rng.random() < 0.5:
        parts = rng.uniform(0.15, 1, nodes)
        plan["shares"] = [float(p) for p in parts / parts.sum()]
    return plan


def _plans(rng, kind):
    plans = [_plan(rng, nodes) for nodes in range(1, MOST_NODES + 1)]
    if kind in NOT_FINITE:  # what a node does not read cannot be compared with 0 * NaN
        for plan in plans:
            plan.update(method="dense", sparsity=0.0)
    return plans


def draw(seed):
    """(model, feeds, plans) of a seed."""
    for attempt in range(100):
        rng = np.random.default_rng([seed, attempt])
        opset = int(rng.integers(OLDEST_OPSET, NEWEST_OPSET + 1))
        net = Network(rng, opset, str(rng.choice(KINDS)), symbolic=bool(rng.random() < 0.2))
        _add_inputs(net)
        _add_ops(net)
        if not net.nodes:
            continue
        _choose_outputs(net)
        if not net.outputs:
            continue
        model, feeds = net.model(), {name: net.values[name] for name in net.inputs}
        try:
            oracle.run(model, feeds)  # that it can run the ops is known; here, that it takes the file as a whole
        except oracle.Failure:
            continue
        model.graph.doc_string = net.kind
        return model, feeds, _plans(rng, net.kind)
    raise RuntimeError(f"seed {seed} gives no network")


def write_case(folder, model, feeds, plans):
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / "network.onnx")
    for i, value in enumerate(value for value in model.graph.input if value.name in feeds):
        np.save(folder / f"input{i}.npy", np.ascontiguousarray(feeds[value.name]))
    (folder / "case.json").write_text(json.dumps({"plans": plans}))
