// SPDX-License-Identifier: Apache-2.0
#include "disco/cost/one_node.h"

#include <limits>

#include "disco/cost/op_time.h"
#include "disco/op/work.h"
#include "disco/rewrite/for_kernels.h"
#include "disco/shard/cut.h"

namespace disco {

Bytes MemoryOf(const Graph& graph) {
  // Measured with ResNets: 14 MB of blocks, kernels and stack, 90 kB for an op.
  constexpr int64_t kSession = int64_t{16} << 20, kOp = int64_t{128} << 10;
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  const int64_t fixed = kSession + kOp * std::ssize(graph.ops);
  const int64_t weights = WeightBytes(graph).value, values = FeatureBytes(graph).value;
  if (values > kMost - fixed || weights > (kMost - fixed - values) / 2) return {kMost};
  return {2 * weights + values + fixed};
}

Result<WholeNetwork> BindWhole(Graph graph) {
  DISCO_ASSIGN(BoundPlan given, BindToOneNode(std::move(graph)));
  DISCO_ASSIGN(BoundPlan for_nodes, given.ForNodes());
  return WholeNetwork{std::move(given), std::move(for_nodes)};
}

Result<OneNode> OnOneNode(const BoundPlan& bound, const Cluster& cluster) {
  DISCO_ASSIGN(const BoundPlan alone, bound.With(SingleNodePlan(bound.graph(), bound.coupling())));
  DISCO_ASSIGN(const Cut cut, CutNetwork(alone));
  OneNode result{.memory = MemoryOf(cut.shards[0])};
  Graph whole = cut.shards[0];
  DISCO_TRY(RewriteForKernels(whole));
  for (size_t i = 0; i < cluster.nodes.size(); ++i) {
    const ClusterNode& node = cluster.nodes[i];
    result.times.push_back(GraphTime(whole, node.speed));
    const bool fits = result.memory <= node.memory;
    const bool first_that_fits = fits && !result.fits;
    if (first_that_fits || (fits == result.fits && result.times[i] < result.time()))
      result.fastest = static_cast<NodeId>(i);
    result.fits = result.fits || fits;
  }
  return result;
}

}  // namespace disco
