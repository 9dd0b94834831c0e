// SPDX-License-Identifier: Apache-2.0
#include "disco/op/mixing_rule.h"

#include "disco/op/op_def.h"
#include "disco/op/set_batch.h"

namespace disco {
namespace {

// Why `op`, which mixes, has no rule all the same; empty: it has one.
std::string ReasonToReplicate(const FeatureQuery& query, const MixingAxes& axes) {
  if (query.graph().value(query.op().inputs[1]).dtype != DType::kF32)
    return "its weights are not float32";
  if (query.IsPresentButNotConstant(2)) return "its bias is not constant";
  if (query.AxisOf(0) && query.InputAxis() != axes.summed_axis)
    return "it does not sum over the features";
  return query.OutputShape()[0] == BatchOf(query.graph()) ? "" : "its output has no batch axis";
}

}  // namespace

FeatureRule MixingFeatures(const FeatureQuery& query, const MixingAxes& axes) {
  if (!DefOf(query.op()).mixing(query.graph(), query.op()))
    return query.AllInputsWhole() ? query.Replicated("") : NoFeatureRule(query);
  if (std::string reason = ReasonToReplicate(query, axes); !reason.empty())
    return query.Replicated(std::move(reason));
  OutputFeatures features{axes.output_axis, query.OutputShape()[axes.output_axis], {}};
  if (query.op().HasInput(2)) {
    const Shape& bias = query.InputShape(2);
    const int last = bias.rank() - 1;
    if (last >= 0 && bias[last] == features.features)
      features.origins.push_back({2, last, EachFeature(features.features)});
  }
  return {FeatureRule::Kind::kMixing, {std::move(features)}};
}

}  // namespace disco
