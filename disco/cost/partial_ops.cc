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

std::vector<PartialOp> FindPartialOps(const BoundPlan& bound) {
  std::vector<PartialOp> partial;
  for (const Op& op : bound.graph().ops) {
    if (MacsOf(bound.graph(), op).value == 0 || bound.part(op.outputs[0]) == nullptr) continue;
    const std::vector<NodeId>& owner = bound.part(op.outputs[0])->owner;
    const auto owners = static_cast<int>(std::set<NodeId>(owner.begin(), owner.end()).size());
    if (owners == bound.nodes()) continue;
    partial.push_back(
        {op.name, WhyPartial(bound.coupling().features(op.outputs[0]), bound.nodes()), owners});
  }
  return partial;
}

}  // namespace disco
