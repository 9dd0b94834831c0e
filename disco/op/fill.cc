// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "disco/op/batch_axes.h"
#include "disco/op/families.h"
#include "disco/op/infer_shapes.h"
#include "disco/op/output_types.h"
#include "disco/op/parameters.h"

namespace disco {
namespace {

Result<Shape> PadShape(const Graph& graph, const Op& op) {
  Shape shape = InputShape(graph, op);
  DISCO_ASSIGN(const Pads pads, PadsOf(graph, op));
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const auto i = static_cast<size_t>(axis);
    const int64_t extent = shape[axis];
    const PadMode mode = op.as<PadParams>().mode;
    const int64_t reach = std::max(pads.begin[i], pads.end[i]);
    const bool fits = mode == PadMode::kConstant || reach <= 0 ||
                      (mode == PadMode::kReflect ? reach < extent : extent > 0);
    if (!fits || pads.begin[i] < -extent || pads.end[i] < -extent ||
        extent + pads.begin[i] + pads.end[i] < 0) {
      return OpError(op, ErrorKind::kInvalid, "cannot pad axis {} of {} by {} and {}", axis,
                     ToString(InputShape(graph, op)), pads.begin[i], pads.end[i]);
    }
    shape[axis] = extent + pads.begin[i] + pads.end[i];
  }
  return shape;
}

void PadFields(FieldVisitor& visitor, OpParams& params) {
  constexpr std::string_view kModes[] = {"constant", "reflect", "edge", "wrap"};
  visitor.Choice("mode", kModes, std::get<PadParams>(params).mode);
}

int64_t OpsetOfPad(const Op& op) {
  if (op.as<PadParams>().mode == PadMode::kWrap) return 19;
  return op.HasInput(3) ? 18 : kWrittenOpset;
}

FeatureRule PadFeatures(const FeatureQuery& query) {
  const auto pads = PadsOf(query.graph(), query.op());
  const auto axis = static_cast<size_t>(query.InputAxis());
  if (!pads || pads->begin[axis] != 0 || pads->end[axis] != 0)
    return query.Replicated("it pads features");
  return SameFeatures(query);
}

Result<OutputTypes> InferFill(const Graph& graph, const Op& op) {
  DISCO_ASSIGN(std::vector<int64_t> dims, ConstantIndices(graph, op, 0));
  return OutputTypes{{op.as<FillParams>().dtype, Shape(std::move(dims))}};
}

void FillFields(FieldVisitor& visitor, OpParams& params) {
  visitor.Number("value", std::get<FillParams>(params));
}

Tensor Fill(const Graph&, const Op& op, const Shape& shape) {
  const auto& params = op.as<FillParams>();
  Tensor tensor(params.dtype, shape);
  if (params.value == 0) return tensor;
  VisitDType(params.dtype, [&]<class T>() {
    std::ranges::fill(tensor.MutableData<T>(), static_cast<T>(params.value));
  });
  return tensor;
}

}  // namespace

std::span<const OpDef> FillOps() {
  constexpr auto kFloat = AttributeInput::Kind::kFloat;
  static const std::vector<OpDef> defs = {
      {.type = OpType::kConstantOfShape,
       .name = "ConstantOfShape",
       .first_parameter = 0,
       .defaults = FillParams{},
       .fields = FillFields,
       .infer = InferFill,
       .features = NoFeatureRule,
       .mixes_batch = StaysApart,
       .fold = Fill},
      {.type = OpType::kPad,
       .name = "Pad",
       .arity = {2, 4, 1},
       .traits = kMovesElements | kKeepsLayout,
       .first_parameter = 1,
       .defaults = PadParams{},
       .fields = PadFields,
       .attribute_inputs = {{"pads", 1, 10}, {"value", 2, 10, kFloat, 0}},
       .written_opset = OpsetOfPad,
       .infer = OneOutput<PadShape>,
       .features = PadFeatures,
       .mixes_batch = StaysApart},
  };
  return defs;
}

}  // namespace disco
