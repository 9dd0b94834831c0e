// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "disco/op/batch_axes.h"
#include "disco/op/families.h"
#include "disco/op/infer_shapes.h"
#include "disco/op/op_name.h"
#include "disco/op/output_types.h"
#include "disco/op/window.h"

namespace disco {
namespace {

Result<Shape> PoolShape(const Graph& graph, const Op& op) {
  const Shape& input = InputShape(graph, op);
  if (input.rank() < 3)
    return OpError(op, ErrorKind::kInvalid, "input {} has no spatial axis", ToString(input));
  return WindowShape(graph, op, input[1]);
}

void MaxPoolFields(FieldVisitor& visitor, OpParams& params) {
  auto& pool = std::get<PoolParams>(params);
  WindowFields(visitor, pool.window);
  visitor.Flag("ceil_mode", pool.ceil_mode);
  visitor.Flag("storage_order", pool.column_major);
}

void AveragePoolFields(FieldVisitor& visitor, OpParams& params) {
  auto& pool = std::get<PoolParams>(params);
  WindowFields(visitor, pool.window);
  visitor.Flag("ceil_mode", pool.ceil_mode);
  visitor.Flag("count_include_pad", pool.count_include_pad);
}

bool IsDilated(const Op& op) {
  const std::vector<int64_t>& dilations = op.as<PoolParams>().window.dilations;
  return std::ranges::any_of(dilations, [](int64_t dilation) { return dilation != 1; });
}

// AveragePool has the attribute from opset 19 on only.
int64_t OpsetOfAveragePool(const Op& op) { return IsDilated(op) ? 19 : kWrittenOpset; }

// Whether ceil_mode changes the output. Where it does not, because a last window would start in the
// padding, readers of older opsets still count that window.
bool CeilCounts(const Graph& graph, const Op& op) {
  const auto ceil = WindowOf(graph, op);
  Op floor = op;
  std::get<PoolParams>(floor.params).ceil_mode = false;
  const auto without = WindowOf(graph, floor);
  return !ceil || !without || ceil->output != without->output;
}

Result<Op> PoolAtOpset(const Graph& graph, const Op& op, int64_t) {
  Op written = op;
  auto& pool = std::get<PoolParams>(written.params);
  if (op.type == OpType::kAveragePool && !IsDilated(op)) pool.window.dilations.clear();
  pool.ceil_mode = pool.ceil_mode && CeilCounts(graph, op);
  return written;
}

FeatureRule PoolFeatures(const FeatureQuery& query) { return query.SameChannels(); }

}  // namespace

std::span<const OpDef> PoolOps() {
  static const std::vector<OpDef> defs = {
      {.type = OpType::kAveragePool,
       .name = "AveragePool",
       .traits = kWindowed | kWantsChannelsLast,
       .defaults = PoolParams{},
       .fields = AveragePoolFields,
       .written_opset = OpsetOfAveragePool,
       .at_opset = PoolAtOpset,
       .infer = OneOutput<PoolShape>,
       .features = PoolFeatures,
       .mixes_batch = MixesOffFirstAxis},
      {.type = OpType::kMaxPool,
       .name = "MaxPool",
       .arity = {1, 1, 2},
       .traits = kWindowed | kWantsChannelsLast | kClips,
       .defaults = PoolParams{},
       .fields = MaxPoolFields,
       .at_opset = PoolAtOpset,
       .infer = TwoOutputs<PoolShape, DType::kI64>,
       .features = PoolFeatures,
       .mixes_batch = MixesOffFirstAxis},
  };
  return defs;
}

}  // namespace disco
