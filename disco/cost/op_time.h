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

// Of every op of `graph`, in order; what is fused takes no time.
std::vector<OpWork> WorkOf(const Graph& graph);

// Which ops are fused into an earlier one, in order. An Add or activation is if the value it reads
// is made by a Conv, Gemm or MatMul (or by what is fused into one, and not yet an activation), has
// no other reader, is no output, has the result's shape in float32, and was not made before the
// last Receive: a kernel does not wait for others before it begins such an op.
std::vector<bool> FindFused(const Graph& graph);

Milliseconds OpTime(const OpWork& work, const NodeSpeed& speed);
Milliseconds OpTime(const Graph& graph, const Op& op, const NodeSpeed& speed);

// Of all ops of `graph`, one after the other: a network on one node.
Milliseconds GraphTime(const Graph& graph, const NodeSpeed& speed);

}  // namespace disco
