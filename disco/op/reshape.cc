// SPDX-License-Identifier: Apache-2.0
// Ops that give all elements of their input under a new shape.
#include <algorithm>
#include <numeric>

#include "disco/op/batch_axes.h"
#include "disco/op/families.h"
#include "disco/op/infer_shapes.h"
#include "disco/op/op_name.h"
#include "disco/op/output_types.h"
#include "disco/op/parameters.h"
#include "disco/op/reshape_rule.h"
#include "disco/op/set_batch.h"
#include "disco/tensor/slice.h"

namespace disco {
namespace {

constexpr uint32_t kNewShapeOnly = kMovesElements | kKeepsOrder | kTakesNoTime;

Result<Shape> ReshapeShape(const Graph& graph, const Op& op) {
  const Shape& input = InputShape(graph, op);
  DISCO_ASSIGN(std::vector<int64_t> target, ConstantIndices(graph, op, 1));
  const bool allow_zero = op.as<ReshapeParams>().allow_zero;
  int64_t known = 1;
  std::ptrdiff_t open = -1;
  for (size_t axis = 0; axis < target.size(); ++axis) {
    if (target[axis] == 0 && !allow_zero) {
      if (static_cast<int>(axis) >= input.rank()) {
        return OpError(op, ErrorKind::kInvalid, "cannot copy axis {} of {}", axis, ToString(input));
      }
      target[axis] = input[static_cast<int>(axis)];
    }
    if (target[axis] == -1 && open < 0) {
      open = static_cast<std::ptrdiff_t>(axis);
    } else if (target[axis] < 0 || (target[axis] > 0 && known > kMaxElements / target[axis])) {
      return OpError(op, ErrorKind::kInvalid, "cannot reshape to {}", ToString(Shape(target)));
    } else {
      known *= target[axis];
    }
  }
  if (open >= 0) target[static_cast<size_t>(open)] = known == 0 ? 0 : input.elements() / known;
  Shape shape(target);
  if (shape.elements() != input.elements()) {
    return OpError(op, ErrorKind::kInvalid, "cannot reshape {} to {}", ToString(input),
                   ToString(shape));
  }
  return shape;
}

void ReshapeFields(FieldVisitor& visitor, OpParams& params) {
  visitor.Flag("allowzero", std::get<ReshapeParams>(params).allow_zero);
}

FeatureRule ReshapeFeatures(const FeatureQuery& query) {
  const Shape& output = query.OutputShape();
  if (output.rank() == 0 || output[0] != BatchOf(query.graph()))
    return query.Replicated("its output has no batch axis");
  auto mapped = MapReshape(query.InputShape(), query.InputAxis(), output);
  if (!mapped) return query.Replicated("it mixes features with positions");
  const int64_t features = std::ssize(mapped->from);
  return {
      FeatureRule::Kind::kTied,
      {{mapped->axis, features, {{0, query.InputAxis(), std::move(mapped->from), mapped->split}}}}};
}

void NarrowReshape(const PartOfOp& part, Narrowed& narrowed) {
  std::vector<int64_t> target = part.graph.value(part.op.outputs[0]).shape.dims();
  target[static_cast<size_t>(part.rule.outputs[0].axis)] = std::ssize(part.features);
  target[0] = -1;  // for any batch
  narrowed.constants.emplace_back(1, Tensor::Indices(target));
}

// The target, if it is written for one batch. A target with -1 elsewhere than in front
// fits any batch as it stands, and may not give what the inputs would give one by one; that is left
// to be refused.
Result<std::optional<std::vector<int64_t>>> ReshapeToAnyBatch(const Graph& graph, const Op& op) {
  DISCO_ASSIGN(const std::vector<int64_t> target, ConstantIndices(graph, op, 1));
  const bool open = std::ranges::find(target, -1) != target.end();
  std::vector<int64_t> made = graph.value(op.outputs[0]).shape.dims();
  if (target.empty() || target[0] < 1 || open || Shape(made).elements() == 0) return std::nullopt;
  made[0] = -1;
  return made;
}

Result<Shape> FlattenShape(const Graph& graph, const Op& op) {
  const Shape& input = InputShape(graph, op);
  int64_t axis = op.as<AxisParams>().axis;
  if (axis < 0) axis += input.rank();
  if (axis < 0 || axis > input.rank()) {
    return OpError(op, ErrorKind::kInvalid, "axis {} is outside {}", op.as<AxisParams>().axis,
                   ToString(input));
  }
  const int split = static_cast<int>(axis);
  return Shape{input.elements(0, split), input.elements(split, input.rank())};
}

void FlattenFields(FieldVisitor& visitor, OpParams& params) {
  visitor.Int("axis", std::get<AxisParams>(params).axis);
}

Result<Shape> SqueezeShape(const Graph& graph, const Op& op) {
  const Shape& input = InputShape(graph, op);
  DISCO_ASSIGN(const std::vector<int> axes, AxesOf(graph, op, input.rank()));
  std::vector<int64_t> dims;
  for (int axis = 0; axis < input.rank(); ++axis) {
    const bool listed = std::binary_search(axes.begin(), axes.end(), axis);
    if (listed && input[axis] != 1) {
      return OpError(op, ErrorKind::kInvalid, "axis {} of {} is not 1", axis, ToString(input));
    }
    const bool drop = op.HasInput(1) ? listed : input[axis] == 1;
    if (!drop) dims.push_back(input[axis]);
  }
  return Shape(dims);
}

// Of a node's part more axes may have extent 1 than of the whole.
void NarrowSqueeze(const PartOfOp& part, Narrowed& narrowed) {
  if (!part.op.HasInput(1))
    narrowed.constants.emplace_back(1, Tensor::Indices(SqueezedAxes(part.graph, part.op)));
}

Result<std::optional<std::vector<int64_t>>> SqueezeOfAnyBatch(const Graph& graph, const Op& op) {
  if (op.HasInput(1)) return std::nullopt;
  std::vector<int64_t> axes = SqueezedAxes(graph, op);
  std::erase(axes, 0);  // a batch of one is still a batch
  return axes;
}

Result<Shape> UnsqueezeShape(const Graph& graph, const Op& op) {
  const Shape& input = InputShape(graph, op);
  DISCO_ASSIGN(const std::vector<int64_t> given, ConstantIndices(graph, op, 1));
  const int rank = input.rank() + static_cast<int>(given.size());
  DISCO_ASSIGN(const std::vector<int> axes, AxesOf(graph, op, rank));
  std::vector<int64_t> dims;
  for (int axis = 0, from = 0; axis < rank; ++axis) {
    dims.push_back(std::binary_search(axes.begin(), axes.end(), axis) ? 1 : input[from++]);
  }
  return Shape(dims);
}

// A Squeeze or Unsqueeze keeps the batch whole wherever it is.
bool AxesMixBatch(const BatchAxes& axes) {
  const Op& op = axes.op();
  return axes.Before(op.inputs[0]).elements(0, axes.OfInput()) !=
         axes.Before(op.outputs[0]).elements(0, axes.OfOutput());
}

Result<Shape> TransposeShape(const Graph& graph, const Op& op) {
  const Shape& input = InputShape(graph, op);
  const std::vector<int64_t> permutation = PermutationOf(graph, op);
  std::vector<int64_t> expected(static_cast<size_t>(input.rank()));  // kMaxRank at most
  std::iota(expected.begin(), expected.end(), 0);
  if (!std::is_permutation(expected.begin(), expected.end(), permutation.begin(),
                           permutation.end())) {
    return OpError(op, ErrorKind::kInvalid, "{} does not permute the axes of {}",
                   ToString(Shape(permutation)), ToString(input));
  }
  std::vector<int64_t> dims;
  for (const int64_t axis : permutation) dims.push_back(input[static_cast<int>(axis)]);
  return Shape(dims);
}

void TransposeFields(FieldVisitor& visitor, OpParams& params) {
  visitor.PerAxis("perm", std::get<TransposeParams>(params).permutation);
}

FeatureRule TransposeFeatures(const FeatureQuery& query) {
  const std::vector<int64_t> permutation = PermutationOf(query.graph(), query.op());
  const auto place = std::ranges::find(permutation, query.InputAxis());
  if (permutation[0] != 0) return query.Replicated("it moves the batch axis");
  return query.Same(static_cast<int>(place - permutation.begin()));
}

Tensor FoldTranspose(const Graph& graph, const Op& op, const Shape&) {
  return Transpose(*graph.ConstantInput(op, 0), PermutationOf(graph, op));
}

Tensor FoldReshape(const Graph& graph, const Op& op, const Shape& shape) {
  return graph.ConstantInput(op, 0)->Reshaped(shape);
}

OpDef NewShape(OpType type, std::string_view name) {
  return {.type = type,
          .name = name,
          .traits = kNewShapeOnly,
          .features = ReshapeFeatures,
          .mixes_batch = MixesByReshape,
          .fold = FoldReshape};
}

OpDef Flatten() {
  OpDef def = NewShape(OpType::kFlatten, "Flatten");
  def.defaults = AxisParams{1};
  def.fields = FlattenFields;
  def.infer = OneOutput<FlattenShape>;
  return def;
}

OpDef Reshape() {
  OpDef def = NewShape(OpType::kReshape, "Reshape");
  def.arity = {2, 2, 1};
  def.first_parameter = 1;
  def.defaults = ReshapeParams{};
  def.fields = ReshapeFields;
  def.infer = OneOutput<ReshapeShape>;
  def.narrow = NarrowReshape;
  def.any_batch = ReshapeToAnyBatch;
  return def;
}

OpDef Squeeze() {
  OpDef def = NewShape(OpType::kSqueeze, "Squeeze");
  def.arity = {1, 2, 1};
  def.first_parameter = 1;
  def.attribute_inputs = {{"axes", 1, 12}};
  def.infer = OneOutput<SqueezeShape>;
  def.narrow = NarrowSqueeze;
  def.mixes_batch = AxesMixBatch;
  def.any_batch = SqueezeOfAnyBatch;
  return def;
}

OpDef Unsqueeze() {
  OpDef def = NewShape(OpType::kUnsqueeze, "Unsqueeze");
  def.arity = {2, 2, 1};
  def.first_parameter = 1;
  def.attribute_inputs = {{"axes", 1, 12}};
  def.infer = OneOutput<UnsqueezeShape>;
  def.mixes_batch = AxesMixBatch;
  return def;
}

}  // namespace

std::span<const OpDef> ReshapeOps() {
  static const std::vector<OpDef> defs = {
      Flatten(),
      Reshape(),
      Squeeze(),
      {.type = OpType::kTranspose,
       .name = "Transpose",
       .traits = kMovesElements,
       .defaults = TransposeParams{},
       .fields = TransposeFields,
       .infer = OneOutput<TransposeShape>,
       .features = TransposeFeatures,
       .mixes_batch = StaysApart,
       .fold = FoldTranspose},
      Unsqueeze(),
  };
  return defs;
}

}  // namespace disco
