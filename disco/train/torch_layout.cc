// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "disco/op/feature_rule.h"
#include "disco/op/infer_shapes.h"
#include "disco/op/op_name.h"
#include "disco/op/parameters.h"
#include "disco/op/select.h"
#include "disco/train/torch_op.h"
#include "disco/train/torch_tensor.h"
#include "disco/train/torch_window.h"

namespace disco {
namespace {

// 0 copies an extent of the input and -1 is what remains, so the target holds for any batch.
Result<TorchOp> MakeReshape(const Graph& graph, const Op& op) {
  DISCO_ASSIGN(const std::vector<int64_t> target, ConstantIndices(graph, op, 1));
  const bool copy_zero = !op.as<ReshapeParams>().allow_zero;
  return [target, copy_zero](std::span<const at::Tensor> inputs, const ForwardMode&) {
    std::vector<int64_t> shape = target;
    for (size_t axis = 0; axis < shape.size(); ++axis) {
      if (shape[axis] == 0 && copy_zero) shape[axis] = inputs[0].size(static_cast<int64_t>(axis));
    }
    return inputs[0].reshape(shape);
  };
}

Result<TorchOp> MakeFlatten(const Graph&, const Op& op) {
  return [axis = op.as<AxisParams>().axis](std::span<const at::Tensor> inputs, const ForwardMode&) {
    const auto sizes = inputs[0].sizes();
    const int64_t split = axis < 0 ? axis + inputs[0].dim() : axis;
    int64_t rows = 1;
    for (int64_t i = 0; i < split; ++i) rows *= sizes[static_cast<size_t>(i)];
    return inputs[0].reshape({rows, rows == 0 ? 0 : inputs[0].numel() / rows});
  };
}

Result<TorchOp> MakeSqueeze(const Graph& graph, const Op& op) {
  const Shape& input = InputShape(graph, op);
  DISCO_ASSIGN(std::vector<int> axes, AxesOf(graph, op, input.rank()));
  for (int axis = 0; !op.HasInput(1) && axis < input.rank(); ++axis) {
    if (input[axis] == 1) axes.push_back(axis);
  }
  return [axes](std::span<const at::Tensor> inputs, const ForwardMode&) {
    at::Tensor x = inputs[0];
    for (auto axis = axes.rbegin(); axis != axes.rend(); ++axis) x = x.squeeze(*axis);
    return x;
  };
}

Result<TorchOp> MakeUnsqueeze(const Graph& graph, const Op& op) {
  DISCO_ASSIGN(const std::vector<int> axes,
               AxesOf(graph, op, graph.value(op.outputs[0]).shape.rank()));
  return [axes](std::span<const at::Tensor> inputs, const ForwardMode&) {
    at::Tensor x = inputs[0];
    for (const int axis : axes) x = x.unsqueeze(axis);
    return x;
  };
}

Result<TorchOp> MakeConcat(const Graph& graph, const Op& op) {
  DISCO_ASSIGN(const int axis,
               NormalizeAxis(op.as<AxisParams>().axis, InputShape(graph, op).rank()));
  return [axis](std::span<const at::Tensor> inputs, const ForwardMode&) {
    return at::cat(std::vector<at::Tensor>(inputs.begin(), inputs.end()), axis);
  };
}

Result<TorchOp> MakeGather(const Graph& graph, const Op& op) {
  DISCO_ASSIGN(const int axis,
               NormalizeAxis(op.as<AxisParams>().axis, InputShape(graph, op).rank()));
  DISCO_ASSIGN(const std::vector<int64_t> indices, GatheredIndices(graph, op));
  const at::Tensor picked = ToTorch(Tensor::Indices(indices));
  const std::vector<int64_t> extents = graph.value(op.inputs[1]).shape.dims();
  return [axis, picked, extents](std::span<const at::Tensor> inputs, const ForwardMode&) {
    std::vector<int64_t> shape = inputs[0].sizes().vec();
    shape.insert(shape.erase(shape.begin() + axis), extents.begin(), extents.end());
    return inputs[0].index_select(axis, picked).reshape(shape);
  };
}

// Where position `at` of an axis with `extent` elements is read, when it lies outside.
int64_t FoldPosition(int64_t at, int64_t extent, PadMode mode) {
  if (mode == PadMode::kEdge) return std::clamp<int64_t>(at, 0, extent - 1);
  const int64_t period = mode == PadMode::kWrap ? extent : std::max<int64_t>(2 * (extent - 1), 1);
  const int64_t folded = ((at % period) + period) % period;
  return folded < extent ? folded : period - folded;
}

Result<TorchOp> MakePad(const Graph& graph, const Op& op) {
  DISCO_ASSIGN(const Pads pads, PadsOf(graph, op));
  const PadMode mode = op.as<PadParams>().mode;
  const Tensor* filling = graph.ConstantInput(op, 2);
  const Shape& input = InputShape(graph, op);
  if (mode != PadMode::kConstant && input.elements() == 0) {
    return OpError(op, ErrorKind::kInvalid, "there is nothing in {} to repeat", ToString(input));
  }
  const double value =
      filling != nullptr && filling->dtype() == DType::kF32 ? filling->Data<float>()[0] : 0;
  return [=](std::span<const at::Tensor> inputs, const ForwardMode&) {
    at::Tensor x = inputs[0];
    if (mode == PadMode::kConstant) return PadLastAxes(x, pads.begin, pads.end, value);
    for (size_t axis = 0; axis < pads.begin.size(); ++axis) {
      if (pads.begin[axis] == 0 && pads.end[axis] == 0) continue;
      const int64_t extent = x.size(static_cast<int64_t>(axis));
      std::vector<int64_t> positions;
      for (int64_t at = -pads.begin[axis]; at < extent + pads.end[axis]; ++at) {
        positions.push_back(FoldPosition(at, extent, mode));
      }
      x = x.index_select(static_cast<int64_t>(axis), ToTorch(Tensor::Indices(positions)));
    }
    return x;
  };
}

// Whole axes are left alone: the batch may be another than the graph's.
Result<TorchOp> MakeSlice(const Graph& graph, const Op& op) {
  DISCO_ASSIGN(Positions positions, SelectedPositions(graph, op, 0));
  const Shape& input = InputShape(graph, op);
  std::vector<std::pair<int64_t, at::Tensor>> picked;
  for (size_t axis = 0; axis < positions.size(); ++axis) {
    if (positions[axis] != EachFeature(input[static_cast<int>(axis)]))
      picked.emplace_back(axis, ToTorch(Tensor::Indices(positions[axis])));
  }
  return [picked](std::span<const at::Tensor> inputs, const ForwardMode&) {
    at::Tensor x = inputs[0];
    for (const auto& [axis, indices] : picked) x = x.index_select(axis, indices);
    return x;
  };
}

Result<TorchOp> MakeTranspose(const Graph& graph, const Op& op) {
  return [permutation = PermutationOf(graph, op)](std::span<const at::Tensor> inputs,
                                                  const ForwardMode&) {
    return inputs[0].permute(permutation);
  };
}

Result<TorchOp> MakeConstantOfShape(const Graph& graph, const Op& op) {
  DISCO_ASSIGN(const std::vector<int64_t> shape, ConstantIndices(graph, op, 0));
  const at::Tensor filled = at::full(shape, op.as<FillParams>().value, at::kFloat);
  return [filled](std::span<const at::Tensor>, const ForwardMode&) { return filled; };
}

}  // namespace

std::span<const TorchEntry> TorchLayout() {
  static constexpr TorchEntry kEntries[] = {
      {OpType::kConcat, MakeConcat},
      {OpType::kConstantOfShape, MakeConstantOfShape},
      {OpType::kFlatten, MakeFlatten},
      {OpType::kGather, MakeGather},
      {OpType::kPad, MakePad},
      {OpType::kReshape, MakeReshape},
      {OpType::kSlice, MakeSlice},
      {OpType::kSqueeze, MakeSqueeze},
      {OpType::kTranspose, MakeTranspose},
      {OpType::kUnsqueeze, MakeUnsqueeze},
  };
  return kEntries;
}

}  // namespace disco
