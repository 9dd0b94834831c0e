// SPDX-License-Identifier: Apache-2.0
// OneNode: a whole network on one machine, with which every plan is compared.
//
// Thread rule: pure; the graph's shapes have to be inferred.
#pragma once

#include <vector>

#include "disco/cost/cluster.h"
#include "disco/graph/graph.h"

namespace disco {

// What a node sets aside for a shard while it opens a session: the shard as it came (its weights
// and a few hundred bytes for each op, which are not counted), the weights, and every value. The
// kernels then take less.
Bytes MemoryOf(const Graph& graph);

struct OneNode {
  std::vector<Milliseconds> times;  // by node of the cluster
  Bytes memory;                     // see MemoryOf
  bool fits = false;                // whether some node has as much memory
  NodeId fastest = 0;               // of those that have; of all, where none has

  Milliseconds time() const { return times[static_cast<size_t>(fastest)]; }
};

// The network without a cut (BatchNormalization folded, as nodes run it) on each node of `cluster`.
Result<OneNode> OnOneNode(const Graph& graph, const Cluster& cluster);

}  // namespace disco
