// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>

#include "disco/op/batch_axes.h"
#include "disco/op/families.h"
#include "disco/op/infer_shapes.h"
#include "disco/op/output_types.h"

namespace disco {
namespace {

Result<Shape> ConcatShape(const Graph& graph, const Op& op) {
  Shape shape = InputShape(graph, op);
  const auto axis = NormalizeAxis(op.as<AxisParams>().axis, shape.rank());
  if (!axis) return OpError(op, ErrorKind::kInvalid, "{}", axis.error().message);
  for (size_t slot = 1; slot < op.inputs.size(); ++slot) {
    const Shape& next = InputShape(graph, op, slot);
    bool fits = next.rank() == shape.rank() && shape[*axis] <= kMaxElements;
    for (int i = 0; fits && i < shape.rank(); ++i) fits = i == *axis || next[i] == shape[i];
    if (!fits) {
      return OpError(op, ErrorKind::kInvalid, "cannot join {} and {} along axis {}",
                     ToString(InputShape(graph, op)), ToString(next), *axis);
    }
    shape[*axis] += next[*axis];
  }
  return shape;
}

void ConcatArity(const Op& op, Arity& arity) {
  arity.least_inputs = std::max<size_t>(op.inputs.size(), 1);
}

void ConcatFields(FieldVisitor& visitor, OpParams& params) {
  visitor.Required("axis", std::get<AxisParams>(params).axis);
}

FeatureRule ConcatFeatures(const FeatureQuery& query) {
  const size_t inputs = query.op().inputs.size();
  std::optional<int> shared;
  for (size_t slot = 0; slot < inputs; ++slot) {
    if (!query.AxisOf(slot)) continue;
    if (shared && shared != query.AxisOf(slot))
      return query.Replicated("its inputs carry features on different axes");
    shared = query.AxisOf(slot);
  }
  const int joined = *NormalizeAxis(query.op().as<AxisParams>().axis, query.OutputShape().rank());
  OutputFeatures result{*shared, query.OutputShape()[*shared], {}};
  int64_t offset = 0;
  for (size_t slot = 0; slot < inputs; ++slot) {
    const int64_t extent = query.InputShape(slot)[*shared];
    FeatureOrigin origin{slot, *shared, EachFeature(result.features)};
    if (joined == *shared) {
      std::ranges::fill(origin.from, -1);
      std::iota(origin.from.begin() + offset, origin.from.begin() + offset + extent, 0);
      offset += extent;
    }
    result.origins.push_back(std::move(origin));
  }
  return {FeatureRule::Kind::kTied, {std::move(result)}};
}

int JoinedAxis(const BatchAxes& axes) {
  return *NormalizeAxis(axes.op().as<AxisParams>().axis,
                        InputShape(axes.graph(), axes.op()).rank());
}

bool ConcatMixesBatch(const BatchAxes& axes) { return axes.OfInput() == JoinedAxis(axes); }

}  // namespace

std::span<const OpDef> ConcatOps() {
  static const std::vector<OpDef> defs = {
      {.type = OpType::kConcat,
       .name = "Concat",
       .arity = {1, Arity::kAny, 1},
       .arity_of = ConcatArity,
       .traits = kMovesElements | kKeepsLayout | kJoinsMaps,
       .defaults = AxisParams{},
       .fields = ConcatFields,
       .infer = OneOutput<ConcatShape>,
       .features = ConcatFeatures,
       .mixes_batch = ConcatMixesBatch},
  };
  return defs;
}

}  // namespace disco
