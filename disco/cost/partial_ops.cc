// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "disco/cost/estimate.h"
#include "disco/op/work.h"

namespace disco {
namespace {

std::string WhyPartial(const ValueFeatures& features, int nodes) {
  const std::set<AtomId> atoms(features.atoms.begin(), features.atoms.end());
  if (static_cast<int64_t>(atoms.size()) >= nodes) {
    return fmt::format("the other nodes' shares of its {} features come to none",
                       features.atoms.size());
  }
  if (atoms.size() == features.atoms.size())
    return fmt::format("it has only {} feature{}", features.atoms.size(),
                       features.atoms.size() == 1 ? "" : "s");
  return fmt::format("its {} features are tied into {} part{}", features.atoms.size(), atoms.size(),
                     atoms.size() == 1 ? "" : "s");
}

}  // namespace

std::vector<PartialOp> FindPartialOps(const Graph& graph, const Coupling& coupling,
                                      const Plan& plan) {
  std::vector<PartialOp> partial;
  for (const Op& op : graph.ops) {
    if (MacsOf(graph, op).value == 0 || !coupling.IsPartitioned(op.outputs[0])) continue;
    const std::vector<NodeId>& owner = plan.Find(graph.value(op.outputs[0]).name)->owner;
    const auto owners = static_cast<int>(std::set<NodeId>(owner.begin(), owner.end()).size());
    if (owners == plan.nodes) continue;
    partial.push_back({op.name, WhyPartial(coupling.features(op.outputs[0]), plan.nodes), owners});
  }
  return partial;
}

}  // namespace disco
