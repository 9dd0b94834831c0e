// SPDX-License-Identifier: Apache-2.0
#include "disco/plan/plan.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "disco/base/hash.h"
#include "disco/op/op_name.h"
#include "disco/plan/readers.h"

namespace disco {
namespace {

// Holds a plan against a network, value by value.
class Fitting {
 public:
  Fitting(const Plan& plan, const Graph& graph)
      : plan_(plan),
        graph_(graph),
        index_(graph),
        coupling_(AnalyseCoupling(graph)),
        readers_(FindCrossReaders(graph, coupling_)) {}

  Status Check() {
    std::set<std::string_view> names;
    for (ValueId value = 0; value < static_cast<ValueId>(graph_.values.size()); ++value) {
      names.insert(graph_.value(value).name);
      DISCO_TRY(CheckValue(value));
    }
    for (const auto& [name, part] : plan_.values) {
      if (names.contains(name)) continue;
      return Fail(
          ErrorKind::kInvalid,
          "the plan splits value '{}', which the network does not have; make a new plan for "
          "this network",
          name);
    }
    return {};
  }

 private:
  Status CheckValue(ValueId value) {
    const ValuePlan* part = plan_.Find(graph_.value(value).name);
    if (!coupling_.IsPartitioned(value)) {
      return part == nullptr ? Status()
                             : Misfit(value, "the plan splits it, but it cannot be split");
    }
    if (part == nullptr) return Misfit(value, "the plan does not know it");
    DISCO_TRY(CheckOwners(value, *part));
    return CheckKept(value, *part);
  }

  Status CheckOwners(ValueId value, const ValuePlan& part) {
    const ValueFeatures& features = coupling_.features(value);
    if (part.axis != features.axis || part.owner.size() != features.atoms.size()) {
      return Misfit(
          value, fmt::format("the plan has {} features on axis {}, the network {} on axis {}",
                             part.owner.size(), part.axis, features.atoms.size(), features.axis));
    }
    for (size_t feature = 0; feature < features.atoms.size(); ++feature) {
      const NodeId owner = part.owner[feature];
      if (owner < 0 || owner >= plan_.nodes)
        return Misfit(value, fmt::format("there is no node {}", owner));
      if (owners_.try_emplace(features.atoms[feature], owner).first->second != owner)
        return Misfit(value, fmt::format("feature {} is tied to one of another node", feature));
    }
    return {};
  }

  Status CheckKept(ValueId value, const ValuePlan& part) const {
    const bool is_read = plan_.nodes > 1 && readers_[static_cast<size_t>(value)].any();
    if (!is_read && (part.read_foreign || !part.kept.empty()))
      return Misfit(value, "it keeps features that no other node reads");
    if (is_read != part.read_foreign)
      return Misfit(value, "it does not say which features other nodes read");
    if (!is_read) return {};
    if (const Status wire = CheckWire(part.wire, static_cast<int64_t>(part.owner.size())); !wire)
      return Misfit(value, wire.error().message);
    if (static_cast<int>(part.kept.size()) != plan_.nodes)
      return Misfit(value, "it has no list per node");
    for (NodeId to = 0; to < plan_.nodes; ++to) {
      int64_t last = -1;
      for (const int64_t feature : part.kept[static_cast<size_t>(to)]) {
        if (feature <= last || feature >= static_cast<int64_t>(part.owner.size())) {
          return Misfit(value,
                        fmt::format("feature {} of node {} is out of order or range", feature, to));
        }
        if (part.owner[static_cast<size_t>(feature)] == to)
          return Misfit(value, fmt::format("feature {} is node {}'s own", feature, to));
        last = feature;
      }
    }
    return {};
  }

  tl::unexpected<Error> Misfit(ValueId value, const std::string& what) const {
    const OpId producer = index_.producer(value);
    return Fail(ErrorKind::kInvalid,
                "the plan does not fit op '{}' (value '{}'): {}; make a new plan for this network",
                producer == GraphIndex::kNoOp ? "?" : graph_.op(producer).name,
                graph_.value(value).name, what);
  }

  const Plan& plan_;
  const Graph& graph_;
  GraphIndex index_;
  Coupling coupling_;
  std::vector<CrossReaders> readers_;
  std::map<AtomId, NodeId> owners_;
};

}  // namespace

std::string_view Name(MixingCall call) { return call == MixingCall::kSplit ? "split" : "fused"; }

Result<MixingCall> ParseMixingCall(std::string_view text) {
  for (const MixingCall call : {MixingCall::kSplit, MixingCall::kFused}) {
    if (text == Name(call)) return call;
  }
  return Fail(ErrorKind::kInvalid, "there is no call '{}'; known are split and fused", text);
}

std::vector<int64_t> ValuePlan::Owned(NodeId node) const {
  std::vector<int64_t> features;
  for (size_t feature = 0; feature < owner.size(); ++feature) {
    if (owner[feature] == node) features.push_back(static_cast<int64_t>(feature));
  }
  return features;
}

Status CheckShares(const std::vector<double>& shares, int nodes, ErrorKind kind) {
  if (static_cast<int>(shares.size()) != nodes)
    return Fail(kind, "{} nodes with {} shares make no sense", nodes, shares.size());
  for (size_t node = 0; node < shares.size(); ++node) {
    if (!(shares[node] >= kLeastShare && shares[node] <= 1)) {
      return Fail(kind, "the share of node {} is {}; each has to be between {} and 1", node,
                  shares[node], kLeastShare);
    }
  }
  constexpr double kRounding = 1e-6;
  const double total = std::accumulate(shares.begin(), shares.end(), 0.0);
  if (std::abs(total - 1) > kRounding)
    return Fail(kind, "the shares add up to {}, not to 1", total);
  return {};
}

Status CheckFit(const Plan& plan, const Graph& graph) {
  if (plan.nodes < 1 || plan.nodes > kMaxNodes) {
    return Fail(ErrorKind::kInvalid, "the plan is for {} nodes; between 1 and {} are possible",
                plan.nodes, kMaxNodes);
  }
  return Fitting(plan, graph).Check();
}

uint64_t Hash(const Plan& plan) {
  std::string text =
      fmt::format("disco plan 3;{};{};{};", plan.nodes, plan.sparsity, plan.image_sparsity);
  for (const double share : plan.shares) text += fmt::format("{},", share);
  for (const auto& [name, value] : plan.values) {
    text += fmt::format(";{}:{}:{};", name.size(), name, value.axis);
    for (const NodeId owner : value.owner) text += fmt::format("{},", owner);
    if (value.read_foreign) {
      text += fmt::format(";{};{};{}", value.sparsity, Name(value.call), Name(value.wire.type));
      for (const FeatureScale& scale : value.wire.scales)
        text += fmt::format(";{},{}", scale.low, scale.step);
      if (value.with_next) text += ";with next";
    }
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
