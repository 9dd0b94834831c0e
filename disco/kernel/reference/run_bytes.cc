// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "disco/kernel/reference/reference.h"
#include "disco/op/window.h"
#include "disco/op/work.h"

namespace disco {
namespace {

// Where the taps of a window lie: 16 positions at a time, as integers of 64 bits.
Bytes TapBytes(const Graph& graph, const Op& op) {
  if (op.type != OpType::kConv && op.type != OpType::kMaxPool && op.type != OpType::kAveragePool)
    return {};
  const auto window = WindowOf(graph, op);
  constexpr int64_t kTap = 16 * sizeof(int64_t);
  return window ? Bytes{Shape(window->kernel).elements()} * kTap : Bytes{};
}

}  // namespace

Bytes RunBytes(const Graph& graph, const Op& op) {
  Bytes values;
  const auto add = [&](ValueId id) {
    values += id == kNoValue ? Bytes{} : SizeOf(graph.value(id));
  };
  std::ranges::for_each(op.inputs, add);
  std::ranges::for_each(op.outputs, add);
  // A copy in double, and the results. A stack of matrices has two offsets for each, and may have
  // one element.
  const int64_t copies = op.type == OpType::kMatMul ? 6 : 3;
  constexpr int64_t kSums = 16 * sizeof(double);  // of each output feature of a convolution
  const int64_t sums = op.type == OpType::kConv ? graph.value(op.inputs[1]).shape[0] * kSums : 0;
  return values * copies + Bytes{sums} + TapBytes(graph, op) + PlaceBytes(graph, op);
}

}  // namespace disco
