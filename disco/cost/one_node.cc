// SPDX-License-Identifier: Apache-2.0
#include "disco/cost/one_node.h"

#include <algorithm>

#include "disco/cost/op_time.h"
#include "disco/graph/for_kernels.h"
#include "disco/graph/work.h"
#include "disco/shard/cut.h"

namespace disco {
namespace {

// By ValueId: the op after which nobody reads the value any more.
std::vector<size_t> LastReaders(const Graph& graph) {
  std::vector<size_t> last(graph.values.size(), 0);
  for (size_t i = 0; i < graph.ops.size(); ++i) {
    for (const auto* list : {&graph.ops[i].inputs, &graph.ops[i].outputs}) {
      for (const ValueId value : *list) {
        if (value != kNoValue) last[static_cast<size_t>(value)] = i;
      }
    }
  }
  for (const ValueId output : graph.outputs) last[static_cast<size_t>(output)] = graph.ops.size();
  return last;
}

}  // namespace

Bytes MemoryOf(const Graph& graph) {
  const std::vector<size_t> last = LastReaders(graph);
  std::vector<Bytes> freed(graph.ops.size() + 1);  // after each op
  Bytes alive, most;
  const auto begin = [&](ValueId value) {
    alive += SizeOf(graph.value(value));
    freed[last[static_cast<size_t>(value)]] += SizeOf(graph.value(value));
  };
  for (const ValueId input : graph.inputs) begin(input);
  for (size_t i = 0; i < graph.ops.size(); ++i) {
    for (const ValueId output : graph.ops[i].outputs) {
      if (output != kNoValue) begin(output);
    }
    most = std::max(most, alive);
    alive = alive - freed[i];
  }
  return WeightBytes(graph) + most;
}

Result<OneNode> OnOneNode(const Graph& graph, const Cluster& cluster) {
  DISCO_ASSIGN(const Cut cut, CutNetwork(graph, SingleNodePlan(graph)));
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
