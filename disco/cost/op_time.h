// SPDX-License-Identifier: Apache-2.0
// OpTime: how long one op takes on one node, by the model of node_speed.h.
//
// Renames take no time: Flatten, Reshape, Identity, Dropout, Squeeze, Unsqueeze. Nor does an Add or
// an activation that a kernel fuses into the Conv, Gemm or MatMul before it. Send and Receive are
// not counted here, for what they take is packing and waiting (simulate.h).
// Thread rule: pure; the graph's shapes have to be inferred.
#pragma once

#include <vector>

#include "disco/cost/node_speed.h"
#include "disco/graph/graph.h"

namespace disco {

// What the model counts of one op. `takes_time` false: nothing, the rest is zero.
struct OpWork {
  OpKind kind = OpKind::kMove;
  Macs macs;
  Bytes weights;      // of its constants; of a kMove they count as activations
  Bytes activations;  // of its other inputs and of its outputs
  bool takes_time = true;
};

// Of `op` on its own, fused into nothing.
OpWork WorkOf(const Graph& graph, const Op& op);

// Of every op of `graph`, which is one for kernels (graph/for_kernels.h), in order. What is fused
// into an earlier op takes no time; what an Add adds counts as an activation of that op.
std::vector<OpWork> WorkOf(const Graph& graph);

Milliseconds OpTime(const OpWork& work, const NodeSpeed& speed);
Milliseconds OpTime(const Graph& graph, const Op& op, const NodeSpeed& speed);

// Of all ops of `graph`, one for kernels, one after the other: a network on one node.
Milliseconds GraphTime(const Graph& graph, const NodeSpeed& speed);

}  // namespace disco
