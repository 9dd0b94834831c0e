// SPDX-License-Identifier: Apache-2.0
#include "disco/op/select.h"

#include <algorithm>
#include <numeric>

#include "disco/op/batch_axes.h"
#include "disco/op/families.h"
#include "disco/op/infer_shapes.h"
#include "disco/op/op_name.h"
#include "disco/op/output_types.h"
#include "disco/op/parameters.h"

namespace disco {
namespace {

constexpr int64_t kMostParts = 4096;  // of a Split

// Every step-th position of an axis.
struct Range {
  int64_t first = 0, step = 1, count = 0;
  bool IsAll(int64_t extent) const { return first == 0 && step == 1 && count == extent; }
};

std::vector<Range> WholeRanges(const Shape& shape) {
  std::vector<Range> ranges;
  for (const int64_t extent : shape) ranges.push_back({0, 1, extent});
  return ranges;
}

// ONNX: what counts from the end, and what is beyond an end: a start stays on the axis, an end may
// be one before it where the step goes back.
Range RangeOf(int64_t start, int64_t end, int64_t step, int64_t extent) {
  if (extent == 0) return {};
  const bool back = step < 0;
  const auto counted = [&](int64_t place) { return place < 0 ? place + extent : place; };
  const int64_t first = std::clamp<int64_t>(counted(start), 0, back ? extent - 1 : extent);
  const int64_t stop = std::clamp<int64_t>(counted(end), back ? -1 : 0, back ? extent - 1 : extent);
  step = std::clamp<int64_t>(step, -kMaxElements, kMaxElements);
  const int64_t reach = back ? first - stop : stop - first, stride = back ? -step : step;
  return {first, step, std::max<int64_t>(0, (reach + stride - 1) / stride)};
}

std::vector<int64_t> Listed(const Range& range) {
  std::vector<int64_t> positions;
  for (int64_t i = 0; i < range.count; ++i) positions.push_back(range.first + i * range.step);
  return positions;
}

// By axis of the input.
Result<std::vector<Range>> SliceRanges(const Graph& graph, const Op& op) {
  const Shape& input = InputShape(graph, op);
  DISCO_ASSIGN(const std::vector<int64_t> starts, ConstantIndices(graph, op, 1));
  DISCO_ASSIGN(const std::vector<int64_t> ends, ConstantIndices(graph, op, 2));
  std::vector<int64_t> axes(starts.size()), steps(starts.size(), 1);
  std::iota(axes.begin(), axes.end(), 0);
  if (op.HasInput(3)) {
    DISCO_ASSIGN(axes, ConstantIndices(graph, op, 3));
  }
  if (op.HasInput(4)) {
    DISCO_ASSIGN(steps, ConstantIndices(graph, op, 4));
  }
  if (ends.size() != starts.size() || axes.size() != starts.size() || steps.size() != starts.size())
    return OpError(op, ErrorKind::kInvalid, "it has {} starts, {} ends, {} axes and {} steps",
                   starts.size(), ends.size(), axes.size(), steps.size());
  std::vector<Range> ranges = WholeRanges(input);
  for (size_t i = 0; i < starts.size(); ++i) {
    const auto axis = NormalizeAxis(axes[i], input.rank());
    if (!axis) return OpError(op, ErrorKind::kInvalid, "{}", axis.error().message);
    if (steps[i] == 0) return OpError(op, ErrorKind::kInvalid, "a step is 0");
    ranges[static_cast<size_t>(*axis)] = RangeOf(starts[i], ends[i], steps[i], input[*axis]);
  }
  return ranges;
}

Result<Shape> SliceShape(const Graph& graph, const Op& op) {
  DISCO_ASSIGN(const std::vector<Range> ranges, SliceRanges(graph, op));
  std::vector<int64_t> dims;
  for (const Range& range : ranges) dims.push_back(range.count);
  return Shape(std::move(dims));
}

FeatureRule SliceFeatures(const FeatureQuery& query) {
  const auto ranges = SliceRanges(query.graph(), query.op());
  std::vector<int> sliced;
  for (int axis = 0; axis < query.InputShape().rank(); ++axis) {
    if (!(*ranges)[static_cast<size_t>(axis)].IsAll(query.InputShape()[axis]))
      sliced.push_back(axis);
  }
  const int axis = query.InputAxis();
  if (!sliced.empty() && sliced[0] == 0) return query.Replicated("it slices the batch");
  if (std::ranges::find(sliced, axis) == sliced.end()) return SameFeatures(query);
  if (sliced.size() > 1) return query.Replicated("it slices features and positions at once");
  std::vector<int64_t> from = Listed((*ranges)[static_cast<size_t>(axis)]);
  const int64_t features = std::ssize(from);
  return {FeatureRule::Kind::kSelected, {{axis, features, {{0, axis, std::move(from)}}}}};
}

bool SliceMixesBatch(const BatchAxes& axes) {
  const int axis = axes.OfInput();
  if (axis == BatchAxes::kNone) return false;
  const auto ranges = SliceRanges(axes.graph(), axes.op());
  return !(*ranges)[static_cast<size_t>(axis)].IsAll(InputShape(axes.graph(), axes.op())[axis]);
}

// The first position of each part, and behind the last.
Result<std::vector<int64_t>> PartBounds(const Graph& graph, const Op& op) {
  const auto& params = op.as<SplitParams>();
  const Shape& input = InputShape(graph, op);
  const auto axis = NormalizeAxis(params.axis, input.rank());
  if (!axis) return OpError(op, ErrorKind::kInvalid, "{}", axis.error().message);
  const int64_t extent = input[*axis], parts = std::max<int64_t>(1, params.parts);
  std::vector<int64_t> sizes(static_cast<size_t>(parts), (extent + parts - 1) / parts);
  if (params.equal) {
    sizes.back() = extent - (parts - 1) * sizes[0];
  } else {
    DISCO_ASSIGN(sizes, ConstantIndices(graph, op, 1, kMostParts));
  }
  std::vector<int64_t> bounds = {0};
  for (const int64_t size : sizes) {
    const bool fits = size >= 0 && size <= extent - bounds.back();
    if (!fits) break;
    bounds.push_back(bounds.back() + size);
  }
  if (std::ssize(bounds) != parts + 1 || std::ssize(sizes) != parts || bounds.back() != extent) {
    return OpError(op, ErrorKind::kInvalid, "{} parts of sizes {} do not make up axis {} of {}",
                   parts, ToString(Shape(sizes)), *axis, ToString(input));
  }
  return bounds;
}

Result<std::vector<Range>> PartRanges(const Graph& graph, const Op& op, size_t slot) {
  DISCO_ASSIGN(const std::vector<int64_t> bounds, PartBounds(graph, op));
  const Shape& input = InputShape(graph, op);
  std::vector<Range> ranges = WholeRanges(input);
  const int axis = *NormalizeAxis(op.as<SplitParams>().axis, input.rank());
  ranges[static_cast<size_t>(axis)] = {bounds[slot], 1, bounds[slot + 1] - bounds[slot]};
  return ranges;
}

Result<OutputTypes> InferSplit(const Graph& graph, const Op& op) {
  DISCO_ASSIGN(const std::vector<int64_t> bounds, PartBounds(graph, op));
  const Value& input = graph.value(op.inputs[0]);
  const int axis = *NormalizeAxis(op.as<SplitParams>().axis, input.shape.rank());
  OutputTypes types(bounds.size() - 1, {input.dtype, input.shape});
  for (size_t part = 0; part < types.size(); ++part)
    types[part].shape[axis] = bounds[part + 1] - bounds[part];
  return types;
}

void SplitArity(const Op& op, Arity& arity) {
  arity.most_outputs = static_cast<size_t>(std::max<int64_t>(1, op.as<SplitParams>().parts));
}

void SplitFields(FieldVisitor& visitor, OpParams& params) {
  auto& split = std::get<SplitParams>(params);
  visitor.Int("axis", split.axis);
  if (visitor.opset() >= 18 && split.equal) visitor.Int("num_outputs", split.parts);
}

Status CountParts(Op& op, int64_t) {
  auto& split = std::get<SplitParams>(op.params);
  split.equal = !op.HasInput(1);
  if (split.parts != 0 && (!split.equal || split.parts != std::ssize(op.outputs))) {
    return OpError(op, ErrorKind::kInvalid, "num_outputs is {}, but it has {} outputs{}",
                   split.parts, op.outputs.size(), split.equal ? "" : " and sizes");
  }
  split.parts = std::ssize(op.outputs);
  if (split.parts <= kMostParts) return {};
  return OpError(op, ErrorKind::kUnsupported, "it has {} outputs, more than {}", split.parts,
                 kMostParts);
}

// From there on a file says the number of parts.
int64_t OpsetOfSplit(const Op& op) { return op.as<SplitParams>().equal ? 18 : kWrittenOpset; }

FeatureRule SplitFeatures(const FeatureQuery& query) {
  const int axis = *NormalizeAxis(query.op().as<SplitParams>().axis, query.InputShape().rank());
  if (axis == 0) return query.Replicated("it splits the batch");
  const bool over_features = axis == query.InputAxis();
  const auto bounds = PartBounds(query.graph(), query.op());
  FeatureRule rule{over_features ? FeatureRule::Kind::kSelected : FeatureRule::Kind::kTied};
  for (size_t slot = 0; slot < query.op().outputs.size(); ++slot) {
    const int64_t first = over_features ? (*bounds)[slot] : 0;
    const int64_t features =
        over_features ? (*bounds)[slot + 1] - first : query.InputShape()[query.InputAxis()];
    rule.outputs.push_back(
        {query.InputAxis(), features, {{0, query.InputAxis(), Listed({first, 1, features})}}});
  }
  return rule;
}

bool SplitMixesBatch(const BatchAxes& axes) {
  const Shape& input = InputShape(axes.graph(), axes.op());
  return axes.OfInput() == *NormalizeAxis(axes.op().as<SplitParams>().axis, input.rank());
}

}  // namespace

Result<Positions> SelectedPositions(const Graph& graph, const Op& op, size_t slot) {
  const bool splits = std::holds_alternative<SplitParams>(op.params);
  DISCO_ASSIGN(const std::vector<Range> ranges,
               splits ? PartRanges(graph, op, slot) : SliceRanges(graph, op));
  Positions positions;
  for (const Range& range : ranges) positions.push_back(Listed(range));
  return positions;
}

std::span<const OpDef> SelectOps() {
  static const std::vector<OpDef> defs = {
      {.type = OpType::kSlice,
       .name = "Slice",
       .arity = {3, 5, 1},
       .traits = kMovesElements | kKeepsLayout,
       .first_parameter = 1,
       .attribute_inputs = {{"starts", 1, 9}, {"ends", 2, 9}, {"axes", 3, 9}},
       .infer = OneOutput<SliceShape>,
       .features = SliceFeatures,
       .mixes_batch = SliceMixesBatch},
      {.type = OpType::kSplit,
       .name = "Split",
       .arity = {1, 2, 1},
       .arity_of = SplitArity,
       .traits = kMovesElements | kKeepsLayout | kNamesAllOutputs,
       .first_parameter = 1,
       .defaults = SplitParams{},
       .fields = SplitFields,
       .attribute_inputs = {{"split", 1, 12}},
       .after_reading = CountParts,
       .written_opset = OpsetOfSplit,
       .infer = InferSplit,
       .features = SplitFeatures,
       .mixes_batch = SplitMixesBatch},
  };
  return defs;
}

}  // namespace disco
