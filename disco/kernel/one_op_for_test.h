// SPDX-License-Identifier: Apache-2.0
// Graphs of one op, over random shapes and attributes.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "disco/kernel/kernels_testing.h"

namespace disco {

inline int64_t Between(Random& random, int64_t least, int64_t most) {
  return least + random.Below(most - least + 1);
}
inline bool Coin(Random& random) { return random.Below(2) == 1; }

inline std::vector<int64_t> Extents(Random& random, size_t count, int64_t least, int64_t most) {
  std::vector<int64_t> extents(count);
  for (int64_t& extent : extents) extent = Between(random, least, most);
  return extents;
}

// A window that fits into extents of 5 and more.
inline Window RandomWindow(Random& random, size_t axes, bool dilated) {
  Window window;
  window.kernel = Extents(random, axes, 1, 3);
  window.strides = Extents(random, axes, 1, 3);
  if (dilated) window.dilations = Extents(random, axes, 1, 2);
  if (Coin(random)) {
    for (size_t axis = 0; axis < axes; ++axis) {  // padding as large as the kernel pools nothing
      window.pads_begin.push_back(Between(random, 0, window.kernel[axis] - 1));
      window.pads_end.push_back(Between(random, 0, window.kernel[axis] - 1));
    }
  } else {
    window.auto_pad = static_cast<AutoPad>(random.Below(4));
  }
  return window;
}

inline Shape FeatureMap(Random& random, size_t axes, int64_t features) {
  std::vector<int64_t> dims = {Between(random, 1, 3), features};
  for (const int64_t extent : Extents(random, axes, 5, 9)) dims.push_back(extent);
  return Shape(dims);
}

// A graph with one op whose first input is the graph's input.
struct OneOp {
  Graph graph;
  ValueId x;
  explicit OneOp(const Shape& shape) : x(graph.AddValue("x", DType::kF32, shape)) {
    graph.inputs = {x};
  }
  void Finish(OpType type, std::vector<ValueId> inputs, OpParams params = {}) {
    graph.outputs = {graph.AddOp(type, "y", std::move(inputs), std::move(params))};
  }
  // A second operand: a constant, or another input.
  ValueId Operand(Random& random, const std::string& name, const Shape& shape, bool constant) {
    if (constant) return graph.AddConstant(name, RandomTensor(random, shape));
    graph.inputs.push_back(graph.AddValue(name, DType::kF32, shape));
    return graph.inputs.back();
  }
};

}  // namespace disco
