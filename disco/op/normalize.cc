// SPDX-License-Identifier: Apache-2.0
#include "disco/op/batch_axes.h"
#include "disco/op/families.h"
#include "disco/op/infer_shapes.h"
#include "disco/op/op_name.h"
#include "disco/op/output_types.h"

namespace disco {
namespace {

// In training form also the new mean and variance, of one number per feature.
Result<OutputTypes> InferBatchNorm(const Graph& graph, const Op& op) {
  const Value& input = graph.value(op.inputs[0]);
  for (size_t slot = 1; slot < 5; ++slot) {
    if (input.shape.rank() < 2 || InputShape(graph, op, slot) != Shape{input.shape[1]}) {
      return OpError(op, ErrorKind::kInvalid, "input {} has to be of shape [{}]", slot,
                     input.shape.rank() < 2 ? 0 : input.shape[1]);
    }
  }
  const TypedShape statistics{input.dtype, {input.shape[1]}};
  return OutputTypes{{input.dtype, input.shape}, statistics, statistics};
}

void BatchNormArity(const Op& op, Arity& arity) {
  arity.most_outputs = op.as<BatchNormParams>().training ? 3 : 1;
}

void BatchNormFields(FieldVisitor& visitor, OpParams& params) {
  auto& norm = std::get<BatchNormParams>(params);
  visitor.Float("epsilon", norm.epsilon);
  visitor.Float("momentum", norm.momentum);
  visitor.Flag("training_mode", norm.training);
  visitor.Only("spatial", 1);
}

Status CheckBatchNorm(Op& op, int64_t opset) {
  if (opset >= 14 || op.outputs.size() == 1) return {};
  return OpError(op, ErrorKind::kUnsupported, "its training form of opset {}", opset);
}

FeatureRule BatchNormFeatures(const FeatureQuery& query) {
  if (query.op().as<BatchNormParams>().training)
    return query.Replicated("it takes statistics of the batch");
  for (size_t slot = 1; slot < 5; ++slot) {
    if (query.AxisOf(slot)) return query.Replicated("its parameters are computed from features");
  }
  FeatureRule rule = query.SameChannels();
  if (!rule.IsTied()) return rule;
  for (size_t slot = 1; slot < 5; ++slot)
    rule.outputs[0].origins.push_back({slot, 0, EachFeature(rule.outputs[0].features)});
  return rule;
}

bool BatchNormMixesBatch(const BatchAxes& axes) {
  return axes.op().as<BatchNormParams>().training || MixesOffFirstAxis(axes);
}

// Scale and bias broadcast to X; statistics have extent 1 on the axes that they are of.
Result<OutputTypes> InferLayerNorm(const Graph& graph, const Op& op) {
  const Value& input = graph.value(op.inputs[0]);
  const auto axis = NormalizeAxis(op.as<LayerNormParams>().axis, input.shape.rank());
  if (!axis) return OpError(op, ErrorKind::kInvalid, "{}", axis.error().message);
  for (size_t slot = 1; slot < op.inputs.size(); ++slot) {
    if (!op.HasInput(slot)) continue;
    const auto shape = BroadcastShapes(input.shape, InputShape(graph, op, slot));
    if (!shape || *shape != input.shape) {
      return OpError(op, ErrorKind::kInvalid, "input {} of shape {} does not broadcast to {}", slot,
                     ToString(InputShape(graph, op, slot)), ToString(input.shape));
    }
  }
  TypedShape statistics{DType::kF32, input.shape};
  for (int i = *axis; i < input.shape.rank(); ++i) statistics.shape[i] = 1;
  return OutputTypes{{input.dtype, input.shape}, statistics, statistics};
}

void LayerNormFields(FieldVisitor& visitor, OpParams& params) {
  auto& norm = std::get<LayerNormParams>(params);
  visitor.Int("axis", norm.axis);
  visitor.Float("epsilon", norm.epsilon);
  visitor.Only("stash_type", 1);  // statistics are float32
}

// Whether it takes statistics over `axis`, one of the input's.
bool LayerNormTakes(const Op& op, const Shape& input, int axis) {
  return axis >= *NormalizeAxis(op.as<LayerNormParams>().axis, input.rank());
}

FeatureRule LayerNormFeatures(const FeatureQuery& query) {
  for (const size_t slot : {1, 2}) {
    if (query.AxisOf(slot)) return query.Replicated("its scale or bias is computed from features");
  }
  if (LayerNormTakes(query.op(), query.InputShape(), query.InputAxis()))
    return query.Replicated("it normalises over all features");
  FeatureRule rule = SameFeatures(query);
  OutputFeatures& output = rule.outputs[0];
  for (size_t slot = 1; slot < query.op().inputs.size(); ++slot) {
    if (!query.op().HasInput(slot)) continue;
    if (auto origin = query.Aligned(slot, output.axis, output.features))
      output.origins.push_back(std::move(*origin));
  }
  return rule;
}

bool LayerNormMixesBatch(const BatchAxes& axes) {
  return LayerNormTakes(axes.op(), InputShape(axes.graph(), axes.op()), axes.OfInput()) ||
         axes.BroadcastsBatch(1);
}

Result<Shape> LrnShape(const Graph& graph, const Op& op) {
  const Shape& input = InputShape(graph, op);
  const int64_t size = op.as<LrnParams>().size;
  if (input.rank() < 2 || size < 1 || size > kMaxElements) {
    return OpError(op, ErrorKind::kInvalid, "cannot normalise {} over {} features", ToString(input),
                   size);
  }
  return input;
}

void LrnFields(FieldVisitor& visitor, OpParams& params) {
  auto& lrn = std::get<LrnParams>(params);
  visitor.Float("alpha", lrn.alpha);
  visitor.Float("beta", lrn.beta);
  visitor.Float("bias", lrn.bias);
  visitor.Int("size", lrn.size);
}

FeatureRule LrnFeatures(const FeatureQuery& query) {
  return query.Replicated("it normalises over neighbouring features");
}

Result<Shape> SoftmaxShape(const Graph& graph, const Op& op) {
  const Shape& input = InputShape(graph, op);
  const auto axis = NormalizeAxis(op.as<SoftmaxParams>().axis, input.rank());
  if (!axis) return OpError(op, ErrorKind::kInvalid, "{}", axis.error().message);
  return input;
}

void SoftmaxFields(FieldVisitor& visitor, OpParams& params) {
  visitor.Int("axis", std::get<SoftmaxParams>(params).axis);
}

void SoftmaxDefaults(int64_t opset, OpParams& params) {
  if (opset < 13) params = SoftmaxParams{.axis = 1, .over_all_from_axis = true};
}

// The form before opset 13 equals the new one where everything after the axis has extent 1.
Result<Op> SoftmaxAtOpset(const Graph& graph, const Op& op, int64_t opset) {
  Op written = op;
  auto& params = std::get<SoftmaxParams>(written.params);
  if (!params.over_all_from_axis) return written;
  params.over_all_from_axis = false;
  const Shape& shape = InputShape(graph, op);
  const auto axis = NormalizeAxis(params.axis, shape.rank());
  if (!axis)
    return OpError(op, ErrorKind::kInvalid, "it cannot be written before its shape is inferred");
  if (shape.elements(*axis + 1, shape.rank()) == 1) return written;
  return OpError(op, ErrorKind::kUnsupported, "opset {} has no softmax over several axes", opset);
}

// Whether it normalises over `axis`, one of the input's.
bool NormalizesOver(const Op& op, const Shape& input, int axis) {
  const auto& params = op.as<SoftmaxParams>();
  const int first = *NormalizeAxis(params.axis, input.rank());
  return params.over_all_from_axis ? axis >= first : axis == first;
}

FeatureRule SoftmaxFeatures(const FeatureQuery& query) {
  if (NormalizesOver(query.op(), query.InputShape(), query.InputAxis()))
    return query.Replicated("it normalises over all features");
  return SameFeatures(query);
}

bool SoftmaxMixesBatch(const BatchAxes& axes) {
  return NormalizesOver(axes.op(), InputShape(axes.graph(), axes.op()), axes.OfInput());
}

}  // namespace

std::span<const OpDef> NormalizeOps() {
  static const std::vector<OpDef> defs = {
      {.type = OpType::kBatchNormalization,
       .name = "BatchNormalization",
       .arity = {5, 5, 1},
       .arity_of = BatchNormArity,
       .traits = kWantsChannelsLast | kNamesAllOutputs,
       .first_statistic = 3,
       .defaults = BatchNormParams{},
       .fields = BatchNormFields,
       .after_reading = CheckBatchNorm,
       .infer = InferBatchNorm,
       .features = BatchNormFeatures,
       .mixes_batch = BatchNormMixesBatch},
      {.type = OpType::kLayerNormalization,
       .name = "LayerNormalization",
       .arity = {2, 3, 3},
       .defaults = LayerNormParams{},
       .fields = LayerNormFields,
       .infer = InferLayerNorm,
       .features = LayerNormFeatures,
       .mixes_batch = LayerNormMixesBatch},
      {.type = OpType::kLrn,
       .name = "LRN",
       .traits = kWantsChannelsLast,
       .defaults = LrnParams{},
       .fields = LrnFields,
       .infer = OneOutput<LrnShape>,
       .features = LrnFeatures,
       .mixes_batch = MixesOffFirstAxis},
      {.type = OpType::kSoftmax,
       .name = "Softmax",
       .traits = kKeepsLayout,
       .defaults = SoftmaxParams{},
       .fields = SoftmaxFields,
       .default_at = SoftmaxDefaults,
       .at_opset = SoftmaxAtOpset,
       .infer = OneOutput<SoftmaxShape>,
       .features = SoftmaxFeatures,
       .mixes_batch = SoftmaxMixesBatch},
  };
  return defs;
}

}  // namespace disco
