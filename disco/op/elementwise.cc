// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "disco/op/batch_axes.h"
#include "disco/op/families.h"
#include "disco/op/infer_shapes.h"
#include "disco/op/op_name.h"
#include "disco/op/output_types.h"

namespace disco {
namespace {

Result<Shape> BroadcastShape(const Graph& graph, const Op& op) {
  const auto shape = BroadcastShapes(InputShape(graph, op), InputShape(graph, op, 1));
  if (!shape) return OpError(op, ErrorKind::kInvalid, "{}", shape.error().message);
  return *shape;
}

// Features of partitioned operands meet on one axis of the result; other operands follow them
// there.
FeatureRule BroadcastFeatures(const FeatureQuery& query) {
  OutputFeatures result{-1, 0, {}};
  for (const size_t slot : {0, 1}) {
    if (!query.AxisOf(slot)) continue;
    const Shape& shape = query.InputShape(slot);
    const int axis = *query.AxisOf(slot) + query.OutputShape().rank() - shape.rank();
    const int64_t features = shape[*query.AxisOf(slot)];
    if (features != query.OutputShape()[axis])
      return query.Replicated("it spreads one feature over all those of its other operand");
    if (result.axis >= 0 && result.axis != axis)
      return query.Replicated("its operands carry features on different axes");
    result.axis = axis;
    result.features = features;
    result.origins.push_back({slot, *query.AxisOf(slot), EachFeature(features)});
  }
  for (const size_t slot : {0, 1}) {
    if (query.AxisOf(slot)) continue;
    if (auto origin = query.Aligned(slot, result.axis, result.features))
      result.origins.push_back(std::move(*origin));
  }
  return {FeatureRule::Kind::kTied, {std::move(result)}};
}

OpDef Binary(OpType type, std::string_view name) {
  return {.type = type,
          .name = name,
          .arity = {2, 2, 1},
          .traits = kKeepsLayout | kJoinsMaps,
          .infer = OneOutput<BroadcastShape>,
          .features = BroadcastFeatures,
          .mixes_batch = MixesByBroadcast};
}

OpDef Activation(OpType type, std::string_view name) {
  return {.type = type,
          .name = name,
          .traits = kActivation | kKeepsLayout,
          .infer = OneOutput<ShapeOfInput>,
          .features = SameFeatures,
          .mixes_batch = StaysApart};
}

OpDef Clip() {
  constexpr auto kFloat = AttributeInput::Kind::kFloat;
  constexpr float kMax = std::numeric_limits<float>::max();
  OpDef def = Activation(OpType::kClip, "Clip");
  def.arity = {1, 3, 1};
  def.first_parameter = 1;
  def.traits |= kClips;
  def.attribute_inputs = {{"min", 1, 10, kFloat, -kMax}, {"max", 2, 10, kFloat, kMax}};
  return def;
}

OpDef Relu() {
  OpDef def = Activation(OpType::kRelu, "Relu");
  def.traits |= kClips;
  return def;
}

void LeakyReluFields(FieldVisitor& visitor, OpParams& params) {
  visitor.Float("alpha", std::get<LeakyReluParams>(params).alpha);
}

OpDef LeakyRelu() {
  OpDef def = Activation(OpType::kLeakyRelu, "LeakyRelu");
  def.defaults = LeakyReluParams{};
  def.fields = LeakyReluFields;
  return def;
}

void DropoutFields(FieldVisitor& visitor, OpParams& params) {
  visitor.Int("seed", std::get<DropoutParams>(params).seed);
}

Tensor FoldIdentity(const Graph& graph, const Op& op, const Shape&) {
  return *graph.ConstantInput(op, 0);
}

}  // namespace

std::span<const OpDef> ElementwiseOps() {
  static const std::vector<OpDef> defs = {
      Binary(OpType::kAdd, "Add"),
      Clip(),
      {.type = OpType::kDropout,
       .name = "Dropout",
       .arity = {1, 3, 2},
       .traits = kMovesElements | kTakesNoTime | kKeepsLayout,
       .first_parameter = 1,
       .defaults = DropoutParams{},
       .fields = DropoutFields,
       .attribute_inputs = {{"ratio", 1, 11, AttributeInput::Kind::kFloat}},
       .infer = TwoOutputs<ShapeOfInput, DType::kBool>,
       .features = SameFeatures,
       .mixes_batch = StaysApart},
      Activation(OpType::kHardSwish, "HardSwish"),
      {.type = OpType::kIdentity,
       .name = "Identity",
       .traits = kMovesElements | kKeepsOrder | kTakesNoTime | kKeepsLayout,
       .infer = OneOutput<ShapeOfInput>,
       .features = SameFeatures,
       .mixes_batch = StaysApart,
       .fold = FoldIdentity},
      LeakyRelu(),
      Binary(OpType::kMul, "Mul"),
      Relu(),
      Activation(OpType::kSigmoid, "Sigmoid"),
  };
  return defs;
}

}  // namespace disco
