// SPDX-License-Identifier: Apache-2.0
#include "disco/op/batch_axes.h"
#include "disco/op/families.h"
#include "disco/op/infer_shapes.h"
#include "disco/op/mixing_rule.h"
#include "disco/op/op_name.h"
#include "disco/op/output_types.h"
#include "disco/op/window.h"

namespace disco {
namespace {

Result<Shape> ConvShape(const Graph& graph, const Op& op) {
  const Shape& input = InputShape(graph, op);
  const Shape& weights = InputShape(graph, op, 1);
  const int64_t group = op.as<ConvParams>().group;
  const bool fits = input.rank() >= 3 && weights.rank() == input.rank() && group >= 1 &&
                    input[1] % group == 0 && weights[1] == input[1] / group &&
                    weights[0] % group == 0;
  if (!fits) {
    return OpError(op, ErrorKind::kInvalid, "weights {} in {} groups do not fit input {}",
                   ToString(weights), group, ToString(input));
  }
  if (op.HasInput(2) && InputShape(graph, op, 2) != Shape{weights[0]}) {
    return OpError(op, ErrorKind::kInvalid, "bias {} does not fit weights {}",
                   ToString(InputShape(graph, op, 2)), ToString(weights));
  }
  return WindowShape(graph, op, weights[0]);
}

void ConvFields(FieldVisitor& visitor, OpParams& params) {
  WindowFields(visitor, std::get<ConvParams>(params).window);
  visitor.Int("group", std::get<ConvParams>(params).group);
}

int64_t ConvDepth(const Graph& graph, const Op& op) {
  const Shape& weights = InputShape(graph, op, 1);
  return weights.elements(1, weights.rank());
}

std::optional<MixingWeights> ConvMixing(const Graph& graph, const Op& op) {
  if (op.as<ConvParams>().group != 1 || !graph.IsConstant(op.inputs[1])) return std::nullopt;
  return MixingWeights{0, 1};
}

FeatureRule GroupedFeatures(const FeatureQuery& query) {
  if (!query.graph().IsConstant(query.op().inputs[1]))
    return query.Replicated("its weights are not constant");
  if (query.IsPresentButNotConstant(2)) return query.Replicated("its bias is not constant");
  if (query.AxisOf(0) && query.InputAxis() != 1)
    return query.Replicated("its features are not channels");
  if (query.graph().value(query.op().inputs[1]).dtype != DType::kF32)
    return query.Replicated("its weights are not float32");
  const int64_t group = query.op().as<ConvParams>().group;
  const int64_t outputs = query.OutputShape()[1], inputs = query.InputShape()[1];
  FeatureOrigin origin{.slot = 0, .axis = 1, .from = {}, .width = inputs / group};
  for (int64_t feature = 0; feature < outputs; ++feature)
    origin.from.push_back(feature / (outputs / group) * (inputs / group));
  OutputFeatures features{1, outputs, {std::move(origin), {1, 0, EachFeature(outputs)}}};
  if (query.op().HasInput(2)) features.origins.push_back({2, 0, EachFeature(outputs)});
  return {FeatureRule::Kind::kGrouped, {std::move(features)}};
}

FeatureRule ConvFeatures(const FeatureQuery& query) {
  if (query.op().as<ConvParams>().group > 1) return GroupedFeatures(query);
  return MixingFeatures(query, {.summed_axis = 1, .output_axis = 1});
}

void NarrowGroups(const PartOfOp& part, Narrowed& narrowed) {
  auto& params = std::get<ConvParams>(narrowed.params);
  const int64_t outputs_per_group = part.rule.outputs[0].features / params.group;
  params.group = std::ssize(part.features) / outputs_per_group;
}

}  // namespace

std::span<const OpDef> ConvOps() {
  static const std::vector<OpDef> defs = {{
      .type = OpType::kConv,
      .name = "Conv",
      .arity = {2, 3, 1},
      .traits = kProduct | kWindowed | kWantsChannelsLast,
      .defaults = ConvParams{},
      .fields = ConvFields,
      .infer = OneOutput<ConvShape>,
      .depth = ConvDepth,
      .mixing = ConvMixing,
      .features = ConvFeatures,
      .narrow = NarrowGroups,
      .mixes_batch = MixesOffFirstAxis,
  }};
  return defs;
}

}  // namespace disco
