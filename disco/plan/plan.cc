// SPDX-License-Identifier: Apache-2.0
#include "disco/plan/plan.h"

#include <algorithm>

#include "disco/base/hash.h"
#include "disco/plan/coupling.h"

namespace disco {
namespace {

tl::unexpected<Error> Misfit(const Graph& graph, const GraphIndex& index, ValueId value,
                             const std::string& what) {
  const OpId producer = index.producer(value);
  return Fail(ErrorKind::kInvalid,
              "the plan does not fit op '{}' (value '{}'): {}; make a new plan for this network",
              producer == GraphIndex::kNoOp ? "?" : graph.op(producer).name,
              graph.value(value).name, what);
}

Status CheckKept(const ValuePlan& plan, int nodes, const Graph& graph, const GraphIndex& index,
                 ValueId value) {
  if (!plan.read_foreign) {
    return plan.kept.empty() ? Status()
                             : Misfit(graph, index, value, "it keeps features nobody reads");
  }
  if (static_cast<int>(plan.kept.size()) != nodes)
    return Misfit(graph, index, value, "it has no list per node");
  for (NodeId to = 0; to < nodes; ++to) {
    int64_t last = -1;
    for (const int64_t feature : plan.kept[static_cast<size_t>(to)]) {
      if (feature <= last || feature >= static_cast<int64_t>(plan.owner.size())) {
        return Misfit(graph, index, value,
                      fmt::format("feature {} of node {} is out of order or range", feature, to));
      }
      if (plan.owner[static_cast<size_t>(feature)] == to) {
        return Misfit(graph, index, value, fmt::format("feature {} is node {}'s own", feature, to));
      }
      last = feature;
    }
  }
  return {};
}

}  // namespace

std::vector<int64_t> ValuePlan::Owned(NodeId node) const {
  std::vector<int64_t> features;
  for (size_t feature = 0; feature < owner.size(); ++feature) {
    if (owner[feature] == node) features.push_back(static_cast<int64_t>(feature));
  }
  return features;
}

Status CheckFit(const Plan& plan, const Graph& graph) {
  if (plan.nodes < 1 || plan.nodes > kMaxNodes) {
    return Fail(ErrorKind::kInvalid, "the plan is for {} nodes; between 1 and {} are possible",
                plan.nodes, kMaxNodes);
  }
  const Coupling coupling = AnalyseCoupling(graph);
  const GraphIndex index(graph);
  std::map<AtomId, NodeId> owners;
  for (ValueId value = 0; value < static_cast<ValueId>(graph.values.size()); ++value) {
    const ValuePlan* part = plan.Find(graph.value(value).name);
    if (!coupling.IsPartitioned(value)) {
      if (part != nullptr)
        return Misfit(graph, index, value, "the plan splits it, but it cannot be split");
      continue;
    }
    const ValueFeatures& features = coupling.features(value);
    if (part == nullptr) return Misfit(graph, index, value, "the plan does not know it");
    if (part->axis != features.axis || part->owner.size() != features.atoms.size()) {
      return Misfit(
          graph, index, value,
          fmt::format("the plan has {} features on axis {}, the network {} on axis {}",
                      part->owner.size(), part->axis, features.atoms.size(), features.axis));
    }
    for (size_t feature = 0; feature < features.atoms.size(); ++feature) {
      const NodeId owner = part->owner[feature];
      if (owner < 0 || owner >= plan.nodes)
        return Misfit(graph, index, value, fmt::format("there is no node {}", owner));
      if (owners.try_emplace(features.atoms[feature], owner).first->second != owner) {
        return Misfit(graph, index, value,
                      fmt::format("feature {} is tied to one of another node", feature));
      }
    }
    DISCO_TRY(CheckKept(*part, plan.nodes, graph, index, value));
  }
  return {};
}

uint64_t Hash(const Plan& plan) {
  std::string text = fmt::format("disco plan 1;{};", plan.nodes);
  for (const auto& [name, value] : plan.values) {
    text += fmt::format("{}:{}:{};", name.size(), name, value.axis);
    for (const NodeId owner : value.owner) text += fmt::format("{},", owner);
    for (const auto& kept : value.kept) {
      text += ';';
      for (const int64_t feature : kept) text += fmt::format("{},", feature);
    }
  }
  return Hash(std::string_view(text));
}

Plan SingleNodePlan(const Graph& graph) {
  const Coupling coupling = AnalyseCoupling(graph);
  Plan plan{.nodes = 1, .shares = {1.0}, .method = "dense"};
  for (size_t value = 0; value < graph.values.size(); ++value) {
    if (!coupling.values[value]) continue;
    plan.values[graph.values[value].name] = {
        .axis = coupling.values[value]->axis,
        .owner = std::vector<NodeId>(coupling.values[value]->atoms.size(), 0)};
  }
  return plan;
}

}  // namespace disco
