// SPDX-License-Identifier: Apache-2.0
// OneNode: a whole network on one machine, with which every plan is compared.
//
// Thread rule: pure.
#pragma once

#include <vector>

#include "disco/cost/cluster.h"
#include "disco/plan/bound_plan.h"

namespace disco {

// Enough for a node to open a session with this shard, and less than twice what it takes: weights
// as they came and as kernels want them, every value (kernels let values share room), and what ops
// and a session cost whatever their size (docs/format/wire.md says what a node counts).
Bytes MemoryOf(const Graph& graph);

struct OneNode {
  std::vector<Milliseconds> times;  // by node of the cluster
  Bytes memory;                     // see MemoryOf
  bool fits = false;                // whether some node has as much memory
  NodeId fastest = 0;               // of those that have; of all, where none has

  Milliseconds time() const { return times[static_cast<size_t>(fastest)]; }
};

// The network of `bound`, which is as nodes run it (BoundPlan::ForNodes), without a cut on each
// node of `cluster`.
Result<OneNode> OnOneNode(const BoundPlan& bound, const Cluster& cluster);

// A network for which plans are sought, bound to the plan for one node: as it is given, which plans
// are made of, and as nodes run it, which is cut.
struct WholeNetwork {
  BoundPlan given, for_nodes;
};
// The graph's shapes have to be inferred.
Result<WholeNetwork> BindWhole(Graph graph);

}  // namespace disco
