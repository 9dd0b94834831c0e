#!/usr/bin/env python3
"""Times ONNX Runtime on one network, as the peer of disco's benchmarks.

Usage: bench/peer_onnxruntime.py NETWORK.onnx --threads N --warmup W --iterations I
Measures once for every line on standard input and prints a line of JSON each: {"peer": "onnxruntime 1.x (PyPI)", "all_ms": [...]},
as `disco bench --turns` does. Takes the Python package where it is installed, else the npm package onnxruntime-node from
./node_modules or NODE_PATH.
"""
import argparse
import json
import os
import sys
import time

NODE_PROGRAM = r"""
const ort = require('onnxruntime-node');
const [path, threads, warmup, iterations, dims] = JSON.parse(process.argv[1]);
(async () => {
  const session = await ort.InferenceSession.create(path, {intraOpNumThreads: threads, interOpNumThreads: 1});
  const feeds = {};
  feeds[session.inputNames[0]] = new ort.Tensor('float32', new Float32Array(dims.reduce((a, b) => a * b)).fill(0.5), dims);
  const version = require('onnxruntime-node/package.json').version;
  for await (const _ of require('readline').createInterface({input: process.stdin})) {
    const all = [];
    for (let i = 0; i < warmup + iterations; ++i) {
      const start = process.hrtime.bigint();
      await session.run(feeds);
      if (i >= warmup) all.push(Number(process.hrtime.bigint() - start) / 1e6);
    }
    console.log(JSON.stringify({peer: `onnxruntime ${version} (npm)`, all_ms: all}));
  }
})();
"""


def time_python(arguments):
    import numpy
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = arguments.threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(arguments.network, options, providers=["CPUExecutionProvider"])
    entry = session.get_inputs()[0]
    shape = [size if isinstance(size, int) else 1 for size in entry.shape]
    feeds = {entry.name: numpy.random.default_rng(0).standard_normal(shape).astype(numpy.float32)}
    for _ in sys.stdin:
        all_ms = []
        for i in range(arguments.warmup + arguments.iterations):
            start = time.perf_counter()
            session.run(None, feeds)
            if i >= arguments.warmup:
                all_ms.append((time.perf_counter() - start) * 1e3)
        print(json.dumps({"peer": f"onnxruntime {onnxruntime.__version__} (PyPI)", "all_ms": all_ms}), flush=True)


def time_node(arguments):
    dims = [int(size) for size in arguments.shape.split("x")]
    call = json.dumps([arguments.network, arguments.threads, arguments.warmup, arguments.iterations, dims])
    environment = dict(os.environ, NODE_PATH=os.environ.get("NODE_PATH", os.path.join(os.getcwd(), "node_modules")))
    os.execvpe("node", ["node", "-e", NODE_PROGRAM, call], environment)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--warmup", type=int, default=5)
    parser.add_argument("--iterations", type=int, default=10)
    parser.add_argument("--shape", default="1x3x224x224", help="of the input; for the npm package only")
    arguments = parser.parse_args()
    try:
        time_python(arguments)
    except ImportError:
        time_node(arguments)


if __name__ == "__main__":
    main()
