// SPDX-License-Identifier: Apache-2.0
#include "disco/plan/plan.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "disco/base/hash.h"

namespace disco {

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

uint64_t Hash(const Plan& plan) {
  std::string text =
      fmt::format("disco plan 4;{};{};{};", plan.nodes, plan.sparsity, plan.image_sparsity);
  for (const double share : plan.shares) text += fmt::format("{},", share);
  for (const auto& [name, value] : plan.values) {
    text += fmt::format(";{}:{}:{};", name.size(), name, value.axis);
    for (const NodeId owner : value.owner) text += fmt::format("{},", owner);
    if (value.read_foreign) {
      text += fmt::format(";{};{};{}", value.sparsity, Name(value.call), Name(value.wire.type));
      for (const FeatureScale& scale : value.wire.scales)
        text += fmt::format(";{},{}", scale.low, scale.step);
      if (value.with_next) text += ";with next";
      text += ";level";
    }
    for (const auto& kept : value.kept) {
      text += ';';
      for (const int64_t feature : kept) text += fmt::format("{},", feature);
    }
  }
  return Hash(std::string_view(text));
}

PlanParts::PlanParts(const Graph& graph, const Plan& plan) : nodes_(plan.nodes) {
  for (const Value& value : graph.values) parts_.push_back(plan.Find(value.name));
}

Plan SingleNodePlan(const Graph& graph) { return SingleNodePlan(graph, AnalyseCoupling(graph)); }

Plan SingleNodePlan(const Graph& graph, const Coupling& coupling) {
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
