// SPDX-License-Identifier: Apache-2.0
#include "disco/op/feature_rule.h"

#include <numeric>

#include "disco/op/op_def.h"

namespace disco {

std::vector<int64_t> EachFeature(int64_t features) {
  std::vector<int64_t> from(static_cast<size_t>(features));
  std::iota(from.begin(), from.end(), 0);
  return from;
}

const FeatureOrigin* OutputFeatures::OriginOf(size_t slot) const {
  for (const FeatureOrigin& origin : origins) {
    if (origin.slot == slot) return &origin;
  }
  return nullptr;
}

std::optional<int> FeatureQuery::AxisOf(size_t slot) const {
  if (!op_.HasInput(slot)) return std::nullopt;
  return axes_[static_cast<size_t>(op_.inputs[slot])];
}

bool FeatureQuery::AllInputsWhole() const {
  for (size_t slot = 0; slot < op_.inputs.size(); ++slot) {
    if (AxisOf(slot)) return false;
  }
  return true;
}

FeatureRule FeatureQuery::Replicated(std::string reason) {
  return {FeatureRule::Kind::kReplicated, {}, std::move(reason)};
}

FeatureRule FeatureQuery::Same(int axis) const {
  const int64_t features = InputShape()[InputAxis()];
  return {FeatureRule::Kind::kTied, {{axis, features, {{0, InputAxis(), EachFeature(features)}}}}};
}

FeatureRule FeatureQuery::SameChannels() const {
  return InputAxis() == 1 ? Same(1) : Replicated("its features are not channels");
}

std::optional<FeatureOrigin> FeatureQuery::Aligned(size_t slot, int axis, int64_t features) const {
  const int aligned = axis - (OutputShape().rank() - InputShape(slot).rank());
  if (aligned < 0 || InputShape(slot)[aligned] != features || features == 1) return std::nullopt;
  return FeatureOrigin{slot, aligned, EachFeature(features)};
}

FeatureRule SameFeatures(const FeatureQuery& query) { return query.Same(query.InputAxis()); }

FeatureRule NoFeatureRule(const FeatureQuery& query) {
  return query.Replicated("it has no rule for features");
}

FeatureRule RuleOf(const Graph& graph, const Op& op, const FeatureAxes& axes) {
  const FeatureQuery query(graph, op, axes);
  const OpDef& def = DefOf(op);
  if (def.mixing == nullptr && query.AllInputsWhole()) return query.Replicated("");
  for (size_t slot = 0; slot < op.inputs.size(); ++slot) {
    if (query.AxisOf(slot) && def.IsParameter(slot))
      return query.Replicated("a parameter is computed from features");
  }
  FeatureRule rule = def.features(query);
  for (const OutputFeatures& output : rule.outputs) {
    if (output.features == 0) return query.Replicated("an output has no features");
  }
  for (size_t slot = rule.outputs.size(); slot < op.outputs.size(); ++slot) {
    if (op.HasOutput(slot) && rule.kind != FeatureRule::Kind::kReplicated)
      return query.Replicated("it has several outputs");
  }
  return rule;
}

}  // namespace disco
