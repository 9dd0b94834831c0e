// SPDX-License-Identifier: Apache-2.0
// A small network that is as it should be. Only for tests.
#pragma once

#include "disco/graph/graph.h"

namespace disco {

// x -> Relu a -> Add b (with x) -> MaxPool c
inline Graph SoundGraph() {
  Graph graph;
  const ValueId x = graph.AddValue("x", DType::kF32, {1, 2, 4});
  graph.inputs = {x};
  const ValueId a = graph.AddOp(OpType::kRelu, "a", {x});
  const ValueId b = graph.AddOp(OpType::kAdd, "b", {a, x});
  graph.outputs = {graph.AddOp(OpType::kMaxPool, "c", {b}, PoolParams{.window = {.kernel = {2}}})};
  return graph;
}

}  // namespace disco
