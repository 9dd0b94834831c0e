// SPDX-License-Identifier: Apache-2.0
#include "disco/op/batch_axes.h"
#include "disco/op/families.h"
#include "disco/op/infer_shapes.h"
#include "disco/op/output_types.h"
#include "disco/op/parameters.h"

namespace disco {
namespace {

Result<Shape> GatherShape(const Graph& graph, const Op& op) {
  if (const auto indices = GatheredIndices(graph, op); !indices)
    return tl::unexpected(indices.error());
  std::vector<int64_t> dims = InputShape(graph, op).dims();
  const Shape& indices = InputShape(graph, op, 1);
  const auto place =
      dims.begin() + *NormalizeAxis(op.as<AxisParams>().axis, InputShape(graph, op).rank());
  dims.insert(dims.erase(place), indices.begin(), indices.end());
  return Shape(std::move(dims));
}

void GatherFields(FieldVisitor& visitor, OpParams& params) {
  visitor.Int("axis", std::get<AxisParams>(params).axis);
}

FeatureRule GatherFeatures(const FeatureQuery& query) {
  const int axis = *NormalizeAxis(query.op().as<AxisParams>().axis, query.InputShape().rank());
  const int rank = query.InputShape(1).rank();
  if (axis == 0) return query.Replicated("it picks from the batch");
  if (axis != query.InputAxis())
    return query.Same(query.InputAxis() + (axis < query.InputAxis() ? rank - 1 : 0));
  if (rank != 1) return query.Replicated("it picks features by indices that are not a list");
  const auto indices = GatheredIndices(query.graph(), query.op());
  return {FeatureRule::Kind::kSelected, {{axis, std::ssize(*indices), {{0, axis, *indices}}}}};
}

}  // namespace

std::span<const OpDef> GatherOps() {
  static const std::vector<OpDef> defs = {
      {.type = OpType::kGather,
       .name = "Gather",
       .arity = {2, 2, 1},
       .traits = kMovesElements | kKeepsLayout,
       .first_parameter = 1,
       .defaults = AxisParams{},
       .fields = GatherFields,
       .infer = OneOutput<GatherShape>,
       .features = GatherFeatures,
       .mixes_batch = StaysApart},
  };
  return defs;
}

}  // namespace disco
