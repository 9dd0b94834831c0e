# SPDX-License-Identifier: Apache-2.0
"""Random networks trained for some steps by disco-train and by PyTorch in double; what differs is reported."""

import argparse
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from train_draw import CLASSES, draw_network, draw_recipe
from train_torch import train

# Of the largest magnitude of a tensor; and how many times PyTorch's own error in float is allowed.
TOLERANCE, NOISE = 2e-5, 10
# AdamW divides a gradient by its own size: elements below this share of the largest have no certain sign.
ADAMW_SMALLEST = 1e-2
PREPROCESSING = (0.4, 0.3)  # mean, deviation


def write_idx(path, array):
    header = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(header + array.astype(np.uint8).tobytes())


def run_disco(folder, model, pixels, labels, recipe, program):
    """Losses and weights after training by the program."""
    data = folder / "data"
    data.mkdir()
    for split in ("train", "t10k"):
        write_idx(data / f"{split}-images-idx3-ubyte", pixels)
        write_idx(data / f"{split}-labels-idx1-ubyte", labels)
    onnx.save(model, folder / "in.onnx")
    shape = "x".join(str(n) for n in (1, *pixels.shape[1:]))
    flags = {**recipe, "network": folder / "in.onnx", "data": data, "batch": len(labels), "warmup_epochs": 0,
             "preprocessing": "{} mean={} std={}".format(shape, *PREPROCESSING), "out": folder / "out.onnx",
             "log": folder / "log"}
    words = [program, "train"] + [w for key, value in flags.items() for w in ("--" + key.replace("_", "-"), str(value))]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=300)
    if ended.returncode != 0:
        raise RuntimeError(f"disco-train ended with {ended.returncode}: {ended.stderr.strip()}")
    lines = [json.loads(line) for line in (folder / "log").read_text().splitlines()]
    losses = [line["loss"] for line in lines if line["event"] == "epoch"]
    written = onnx.load(folder / "out.onnx").graph.initializer
    return np.array(losses), {t.name: numpy_helper.to_array(t).astype(np.float64) for t in written}


def differs(name, actual, exact, noisy, counted):
    """A sentence when `actual` is further from the exact than rounding allows; only `counted` elements count."""
    if actual.shape != exact.shape:
        return f"{name}: shape {actual.shape}, not {exact.shape}"
    if not counted.any():
        return None
    off = np.where(np.isfinite(actual), np.abs(actual - exact), np.inf)[counted].max()
    noise = np.abs(noisy - exact)[counted].max()
    scale = np.abs(exact).max()
    allowed = TOLERANCE * max(scale, 1e-3) + NOISE * noise
    return f"{name}: off by {off:.3g}, allowed {allowed:.3g}, largest {scale:.3g}" if not off <= allowed else None


def certain(recipe, gradients, name, shape):
    """Elements whose gradients do not hang on rounding."""
    counted = np.ones(shape, bool)
    for gradient in gradients if recipe["optimizer"] == "adamw" else []:
        if name in gradient:
            size = np.abs(gradient[name])
            counted &= (size >= ADAMW_SMALLEST * size.max()) & (size > 1e-6)
    return counted


def check(seed, program):
    """Returns the model, the recipe, and what differs."""
    rng = np.random.default_rng(seed)
    model, shape = draw_network(rng)
    recipe = draw_recipe(rng)
    count = int(rng.integers(4, 17))
    pixels, labels = rng.integers(0, 256, (count, *shape[1:])), rng.integers(0, CLASSES, count)
    mean, deviation = PREPROCESSING
    images = torch.tensor((pixels[:, None] / 255 - mean) / deviation)
    target = torch.tensor(labels)
    torch.set_num_threads(1)
    losses, exact, gradients = train(model, images, target, recipe, torch.float64)
    noisy_losses, noisy, _ = train(model, images, target, recipe, torch.float32)
    with tempfile.TemporaryDirectory() as folder:
        try:
            actual_losses, actual = run_disco(pathlib.Path(folder), model, pixels, labels, recipe, program)
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            return model, recipe, [str(error)]
    found = [differs("loss", actual_losses, losses, noisy_losses, np.ones(losses.shape, bool))]
    for name, weight in exact.items():
        if name not in actual:
            found.append(f"{name}: is not in what disco wrote")
            continue
        found.append(differs(name, actual[name], weight, noisy[name], certain(recipe, gradients, name, weight.shape)))
    return model, recipe, [text for text in found if text]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True, help="disco-train")
    parser.add_argument("--seeds", default="0..19", help="first..last")
    parser.add_argument("--keep", type=pathlib.Path, help="folder for the networks that differ")
    options = parser.parse_args()
    first, last = (int(text) for text in options.seeds.split(".."))
    failed, ops = 0, {}
    for seed in range(first, last + 1):
        model, recipe, found = check(seed, options.program)
        for node in model.graph.node:
            ops[node.op_type] = ops.get(node.op_type, 0) + 1
        if not found:
            continue
        failed += 1
        print(f"seed {seed}: {recipe}", *found, sep="\n  ", flush=True)
        if options.keep:
            options.keep.mkdir(parents=True, exist_ok=True)
            onnx.save(model, options.keep / f"{seed}.onnx")
    print(f"{last - first + 1} networks, {sum(ops.values())} ops of {len(ops)} types: {failed} differ")
    print(", ".join(f"{name} {count}" for name, count in sorted(ops.items())))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
