// SPDX-License-Identifier: Apache-2.0
// Fusion: Conv, Gemm or MatMul, the Adds that follow it, and the activation after those become one
// call.
//
// A shard computes a layer as local Conv, Receive, foreign Conv, Add, activation: the later of the
// two Convs takes the Add and the activation. An op is never fused when someone else reads the
// value between, nor delayed past a Receive: what it computes is there to fill the wait. What is
// added to a Conv has the shape of the sum, one number per feature, or one number. Thread rule:
// pure.
#pragma once

#include <optional>
#include <vector>

#include "disco/graph/graph.h"

namespace disco {

struct FusedOp {
  std::vector<OpId> chain;       // the op and those fused into it, in order
  std::vector<ValueId> addends;  // what its Adds add
  std::optional<OpId> activation;
};

// Every op of `graph` stands in one chain. In an order in which they can run.
std::vector<FusedOp> Fuse(const Graph& graph);

}  // namespace disco
