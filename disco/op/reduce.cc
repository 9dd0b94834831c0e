// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "disco/op/batch_axes.h"
#include "disco/op/families.h"
#include "disco/op/infer_shapes.h"
#include "disco/op/op_name.h"
#include "disco/op/output_types.h"
#include "disco/op/parameters.h"

namespace disco {
namespace {

Result<Shape> GlobalPoolShape(const Graph& graph, const Op& op) {
  Shape shape = InputShape(graph, op);
  if (shape.rank() < 3)
    return OpError(op, ErrorKind::kInvalid, "input {} has no spatial axis", ToString(shape));
  for (int axis = 2; axis < shape.rank(); ++axis) shape[axis] = 1;
  return shape;
}

FeatureRule GlobalPoolFeatures(const FeatureQuery& query) { return query.SameChannels(); }

Result<Shape> ReduceShape(const Graph& graph, const Op& op) {
  const Shape& input = InputShape(graph, op);
  const auto& params = op.as<ReduceParams>();
  DISCO_ASSIGN(const std::vector<int> axes, AxesOf(graph, op, input.rank()));
  if (axes.empty() && params.nothing_without_axes) return input;
  std::vector<int64_t> dims;
  for (int axis = 0; axis < input.rank(); ++axis) {
    const bool reduced = axes.empty() || std::binary_search(axes.begin(), axes.end(), axis);
    if (!reduced) dims.push_back(input[axis]);
    if (reduced && params.keep_dims) dims.push_back(1);
  }
  return Shape(std::move(dims));
}

void ReduceFields(FieldVisitor& visitor, OpParams& params) {
  auto& reduce = std::get<ReduceParams>(params);
  visitor.Flag("keepdims", reduce.keep_dims, true);
  visitor.Flag("noop_with_empty_axes", reduce.nothing_without_axes);
}

// Before opset 18 no axes always means all.
Result<Op> ReduceAtOpset(const Graph& graph, const Op& op, int64_t opset) {
  Op written = op;
  auto& params = std::get<ReduceParams>(written.params);
  if (opset >= 18) return written;
  DISCO_ASSIGN(const std::vector<int> axes, AxesOf(graph, op, InputShape(graph, op).rank()));
  if (axes.empty()) written.inputs.resize(1);
  if (axes.empty() && params.nothing_without_axes) {
    written.type = OpType::kIdentity;
    written.params = {};
    return written;
  }
  params.nothing_without_axes = false;
  return written;
}

FeatureRule ReduceFeatures(const FeatureQuery& query) {
  const auto axes = AxesOf(query.graph(), query.op(), query.InputShape().rank());
  const auto& params = query.op().as<ReduceParams>();
  const int axis = query.InputAxis();
  if (!axes || (axes->empty() && !params.nothing_without_axes) ||
      std::binary_search(axes->begin(), axes->end(), axis)) {
    return query.Replicated("it averages over features");
  }
  if (!axes->empty() && axes->front() == 0) return query.Replicated("it averages over the batch");
  const auto before = std::lower_bound(axes->begin(), axes->end(), axis) - axes->begin();
  return query.Same(params.keep_dims ? axis : axis - static_cast<int>(before));
}

}  // namespace

std::span<const OpDef> ReduceOps() {
  static const std::vector<OpDef> defs = {
      {.type = OpType::kGlobalAveragePool,
       .name = "GlobalAveragePool",
       .traits = kWantsChannelsLast,
       .infer = OneOutput<GlobalPoolShape>,
       .features = GlobalPoolFeatures,
       .mixes_batch = MixesOffFirstAxis},
      {.type = OpType::kReduceMean,
       .name = "ReduceMean",
       .arity = {1, 2, 1},
       .traits = kListsPlaces,
       .first_parameter = 1,
       .defaults = ReduceParams{},
       .fields = ReduceFields,
       .attribute_inputs = {{"axes", 1, 17}},
       .at_opset = ReduceAtOpset,
       .infer = OneOutput<ReduceShape>,
       .features = ReduceFeatures,
       .mixes_batch = StaysApart},  // an axis that it averages over is gone, or of extent 1
  };
  return defs;
}

}  // namespace disco
