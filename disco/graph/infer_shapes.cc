// SPDX-License-Identifier: Apache-2.0
#include "disco/graph/infer_shapes.h"

#include <algorithm>

#include "disco/graph/infer_layout.h"
#include "disco/graph/signature.h"
#include "disco/graph/work.h"

namespace disco {
namespace {

Result<Shape> WindowShape(const Graph& graph, const Op& op, int64_t features) {
  DISCO_ASSIGN(const ResolvedWindow window, WindowOf(graph, op));
  std::vector<int64_t> dims = {InputShape(graph, op)[0], features};
  dims.insert(dims.end(), window.output.begin(), window.output.end());
  return Shape(std::move(dims));
}

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

Result<Shape> BatchNormShape(const Graph& graph, const Op& op) {
  const Shape& input = InputShape(graph, op);
  for (size_t slot = 1; slot < 5; ++slot) {
    if (!op.HasInput(slot) || input.rank() < 2 || InputShape(graph, op, slot) != Shape{input[1]}) {
      return OpError(op, ErrorKind::kInvalid, "input {} has to be of shape [{}]", slot,
                     input.rank() < 2 ? 0 : input[1]);
    }
  }
  return input;
}

Result<Shape> GemmShape(const Graph& graph, const Op& op) {
  const Shape& a = InputShape(graph, op);
  const Shape& b = InputShape(graph, op, 1);
  const auto& params = op.as<GemmParams>();
  if (a.rank() != 2 || b.rank() != 2 ||
      a[params.transpose_a ? 0 : 1] != b[params.transpose_b ? 1 : 0]) {
    return OpError(op, ErrorKind::kInvalid, "cannot multiply {} by {}", ToString(a), ToString(b));
  }
  Shape shape{a[params.transpose_a ? 1 : 0], b[params.transpose_b ? 0 : 1]};
  if (op.HasInput(2)) {
    const auto sum = BroadcastShapes(shape, InputShape(graph, op, 2));
    if (!sum || *sum != shape) {
      return OpError(op, ErrorKind::kInvalid, "cannot add {} to {}",
                     ToString(InputShape(graph, op, 2)), ToString(shape));
    }
  }
  return shape;
}

Result<Shape> MatMulShape(const Graph& graph, const Op& op) {
  std::vector<int64_t> a = InputShape(graph, op).dims();
  std::vector<int64_t> b = InputShape(graph, op, 1).dims();
  const bool vector_a = a.size() == 1, vector_b = b.size() == 1;
  if (vector_a) a.insert(a.begin(), 1);
  if (vector_b) b.push_back(1);
  auto wrong = [&] {
    return OpError(op, ErrorKind::kInvalid, "cannot multiply {} by {}",
                   ToString(InputShape(graph, op)), ToString(InputShape(graph, op, 1)));
  };
  if (a.size() < 2 || b.size() < 2 || a.back() != b[b.size() - 2]) return wrong();
  const auto batch = BroadcastShapes(Shape(std::vector<int64_t>(a.begin(), a.end() - 2)),
                                     Shape(std::vector<int64_t>(b.begin(), b.end() - 2)));
  if (!batch) return wrong();
  std::vector<int64_t> dims = batch->dims();
  if (!vector_a) dims.push_back(a[a.size() - 2]);
  if (!vector_b) dims.push_back(b.back());
  return Shape(std::move(dims));
}

Result<Shape> ElementwiseShape(const Graph& graph, const Op& op) {
  const auto shape = BroadcastShapes(InputShape(graph, op), InputShape(graph, op, 1));
  if (!shape) return OpError(op, ErrorKind::kInvalid, "{}", shape.error().message);
  return *shape;
}

Result<Shape> GlobalPoolShape(const Graph& graph, const Op& op) {
  Shape shape = InputShape(graph, op);
  if (shape.rank() < 3)
    return OpError(op, ErrorKind::kInvalid, "input {} has no spatial axis", ToString(shape));
  for (int axis = 2; axis < shape.rank(); ++axis) shape[axis] = 1;
  return shape;
}

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

Result<Shape> FillShape(const Graph& graph, const Op& op) {
  DISCO_ASSIGN(std::vector<int64_t> dims, ConstantIndices(graph, op, 0));
  return Shape(std::move(dims));
}

// Whether `part` is `whole` but for its extent along `axis`.
bool IsPartAlong(const Shape& part, const Shape& whole, int axis) {
  Shape filled = part;
  if (axis < part.rank()) filled[axis] = whole[axis];
  return filled == whole;
}

// Again at every inference, because SetBatch may have changed the axis that the features are on.
Result<Shape> ReceiveShape(const Graph& graph, const Op& op) {
  const auto& params = op.as<ReceiveParams>();
  if (op.HasInput(0) && graph.value(op.inputs[0]).dtype != DType::kF32) {
    return OpError(op, ErrorKind::kUnsupported, "only float32 travels, '{}' is {}",
                   graph.value(op.inputs[0]).name, Name(graph.value(op.inputs[0]).dtype));
  }
  int64_t features = 0;
  if (op.HasInput(0) && params.axis >= 0 && params.axis < params.shape.rank()) {
    const Shape& own = InputShape(graph, op);
    if (!IsPartAlong(own, params.shape, params.axis)) {
      return OpError(op, ErrorKind::kInvalid, "{} cannot be the first part of {} along axis {}",
                     ToString(own), ToString(params.shape), params.axis);
    }
    features = own[params.axis];
  }
  for (const auto& source : params.sources) features += source.features;
  if (params.axis < 0 || params.axis >= params.shape.rank() ||
      features != params.shape[params.axis]) {
    return OpError(op, ErrorKind::kInvalid, "{} features come for axis {} of {}", features,
                   params.axis, ToString(params.shape));
  }
  return params.shape;
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

Result<Shape> SoftmaxShape(const Graph& graph, const Op& op) {
  const Shape& input = InputShape(graph, op);
  const auto axis = NormalizeAxis(op.as<SoftmaxParams>().axis, input.rank());
  if (!axis) return OpError(op, ErrorKind::kInvalid, "{}", axis.error().message);
  return input;
}

Result<Shape> ShapeByRule(const Graph& graph, const Op& op) {
  switch (op.type) {
    case OpType::kConv:
      return ConvShape(graph, op);
    case OpType::kMaxPool:
    case OpType::kAveragePool:
      if (InputShape(graph, op).rank() < 3) {
        return OpError(op, ErrorKind::kInvalid, "input {} has no spatial axis",
                       ToString(InputShape(graph, op)));
      }
      return WindowShape(graph, op, InputShape(graph, op)[1]);
    case OpType::kGlobalAveragePool:
      return GlobalPoolShape(graph, op);
    case OpType::kBatchNormalization:
      return BatchNormShape(graph, op);
    case OpType::kGemm:
      return GemmShape(graph, op);
    case OpType::kMatMul:
      return MatMulShape(graph, op);
    case OpType::kAdd:
    case OpType::kMul:
      return ElementwiseShape(graph, op);
    case OpType::kConcat:
      return ConcatShape(graph, op);
    case OpType::kGather:
      return GatherShape(graph, op);
    case OpType::kFlatten:
      return FlattenShape(graph, op);
    case OpType::kReshape:
      return ReshapeShape(graph, op);
    case OpType::kTranspose:
      return TransposeShape(graph, op);
    case OpType::kSqueeze:
      return SqueezeShape(graph, op);
    case OpType::kUnsqueeze:
      return UnsqueezeShape(graph, op);
    case OpType::kPad:
      return PadShape(graph, op);
    case OpType::kReduceMean:
      return ReduceShape(graph, op);
    case OpType::kConstantOfShape:
      return FillShape(graph, op);
    case OpType::kSoftmax:
      return SoftmaxShape(graph, op);
    case OpType::kReceive:
      return ReceiveShape(graph, op);
    case OpType::kLrn:
      return LrnShape(graph, op);
    case OpType::kSend:
      return Shape{};
    case OpType::kClip:
    case OpType::kDropout:
    case OpType::kHardSwish:
    case OpType::kIdentity:
    case OpType::kLeakyRelu:
    case OpType::kRelu:
    case OpType::kSigmoid:
      return InputShape(graph, op);
  }
  return OpError(op, ErrorKind::kUnsupported, "no shape rule");
}

DType DTypeOfOutput(const Graph& graph, const Op& op, size_t slot) {
  if (op.type == OpType::kConstantOfShape) return op.as<FillParams>().dtype;
  if (op.type == OpType::kReceive) return DType::kF32;
  if (op.type == OpType::kMaxPool && slot == 1) return DType::kI64;
  if (op.type == OpType::kDropout && slot == 1) return DType::kBool;
  return graph.value(op.inputs[0]).dtype;
}

Status CheckInputs(const Graph& graph, const Op& op) {
  DISCO_TRY(CheckSignature(op));
  for (size_t slot = 0; slot < op.inputs.size(); ++slot) {
    if (!op.HasInput(slot) || IsParameterSlot(op.type, slot)) continue;
    const Value& value = graph.value(op.inputs[slot]);
    if (value.dtype != graph.value(op.inputs[0]).dtype) {
      return OpError(op, ErrorKind::kInvalid, "input '{}' is {} where {} is read", value.name,
                     Name(value.dtype), Name(graph.value(op.inputs[0]).dtype));
    }
  }
  return {};
}

}  // namespace

Result<Shape> InferShape(const Graph& graph, const Op& op) {
  DISCO_ASSIGN(Shape shape, ShapeByRule(graph, op));
  if (const Status fits = CheckShape(shape); !fits)
    return OpError(op, ErrorKind::kInvalid, "{}", fits.error().message);
  return shape;
}

Status InferShapes(Graph& graph) {
  for (const ValueId input : graph.inputs) {
    if (const Status fits = CheckShape(graph.value(input).shape); !fits)
      return At(fmt::format("input '{}'", graph.value(input).name), fits.error());
  }
  for (const Op& op : graph.ops) {
    DISCO_TRY(CheckInputs(graph, op));
    DISCO_ASSIGN(const Shape shape, InferShape(graph, op));
    for (size_t slot = 0; slot < op.outputs.size(); ++slot) {
      if (!op.HasOutput(slot)) continue;
      Value& value = graph.value(op.outputs[slot]);
      value.dtype = DTypeOfOutput(graph, op, slot);
      // The statistics a training BatchNormalization returns are one number per feature.
      const bool statistics = op.type == OpType::kBatchNormalization && slot > 0;
      value.shape = statistics ? Shape{shape[1]} : shape;
    }
  }
  return CheckWork(graph);
}

}  // namespace disco
