// SPDX-License-Identifier: Apache-2.0
// Whether a graph is a network, and whether it is one node's part of one.
#pragma once

#include "disco/graph/graph.h"

namespace disco {

// Far above any network; what is done with a network may take the square of it.
inline constexpr size_t kMostOps = 16384;

// At most kMostOps ops, references in range, as many inputs and outputs as the op type allows,
// inputs made before they are read, each value made once, names unique; an output, unless it is a
// shard. Errors: kInvalid naming the network, op or value.
Status Validate(const Graph& graph);

// How many inputs and outputs it has. Errors: kInvalid naming the op.
Status CheckSignature(const Op& op);

// Metadata of a shard: which node it is for, of how many, and the hash of the plan it was cut by.
inline constexpr const char* kShardNodeKey = "disco.node";
inline constexpr const char* kShardNodesKey = "disco.nodes";
inline constexpr const char* kShardPlanKey = "disco.plan";

// Whether `graph` is one node's part of a network: it says so, or it sends or receives.
bool HoldsShard(const Graph& graph);

}  // namespace disco
