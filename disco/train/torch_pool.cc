// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <numeric>

#include "disco/op/op_name.h"
#include "disco/op/parameters.h"
#include "disco/op/window.h"
#include "disco/train/torch_op.h"
#include "disco/train/torch_window.h"

namespace disco {
namespace {

at::Tensor MaxPoolUnpadded(const at::Tensor& input, const ResolvedWindow& window) {
  switch (window.kernel.size()) {
    case 1:
      return at::max_pool1d(input, window.kernel, window.strides, 0, window.dilations);
    case 2:
      return at::max_pool2d(input, window.kernel, window.strides, 0, window.dilations);
    default:
      return at::max_pool3d(input, window.kernel, window.strides, 0, window.dilations);
  }
}

at::Tensor AveragePoolUnpadded(const at::Tensor& input, const ResolvedWindow& window) {
  switch (window.kernel.size()) {
    case 1:
      return at::avg_pool1d(input, window.kernel, window.strides);
    case 2:
      return at::avg_pool2d(input, window.kernel, window.strides);
    default:
      return at::avg_pool3d(input, window.kernel, window.strides);
  }
}

// How much of each window is counted: [1, 1, D'...], in shares of the kernel.
at::Tensor CountedShare(const ResolvedWindow& window, const std::vector<int64_t>& extents,
                        const std::vector<int64_t>& pads_end, bool count_pads) {
  std::vector<int64_t> shape(extents.size() + 2, 1);
  std::vector<int64_t> begin = window.pads_begin, end = pads_end;
  for (size_t axis = 0; axis < extents.size(); ++axis) {
    shape[axis + 2] = extents[axis];
    if (!count_pads) continue;
    shape[axis + 2] += window.pads_begin[axis] + window.pads_end[axis];
    begin[axis] = 0;
    end[axis] -= window.pads_end[axis];
  }
  return AveragePoolUnpadded(PadLastAxes(at::ones(shape), begin, end, 0), window);
}

// How LibTorch is given a pool.
struct PoolSteps {
  ResolvedWindow window;
  std::vector<int64_t> extents, pads_end;  // of the input; so that the windows end exactly there

  at::Tensor Padded(const at::Tensor& input, double value) const {
    return PadLastAxes(input, window.pads_begin, pads_end, value);
  }
};

Result<PoolSteps> PoolStepsOf(const Graph& graph, const Op& op) {
  const Shape& input = graph.value(op.inputs[0]).shape;
  if (input.rank() > 5) {
    return OpError(op, ErrorKind::kUnsupported, "cannot be trained on input {}", ToString(input));
  }
  DISCO_ASSIGN(ResolvedWindow window, WindowOf(graph, op));
  std::vector<int64_t> extents = SpatialExtents(input);
  std::vector<int64_t> pads_end = PadsToLastWindow(window, extents);
  return PoolSteps{std::move(window), std::move(extents), std::move(pads_end)};
}

Result<TorchOp> MakeAveragePool(const Graph& graph, const Op& op) {
  DISCO_ASSIGN(const PoolSteps steps, PoolStepsOf(graph, op));
  const std::vector<int64_t>& dilations = steps.window.dilations;
  if (std::any_of(dilations.begin(), dilations.end(), [](int64_t d) { return d != 1; })) {
    return OpError(op, ErrorKind::kUnsupported, "cannot be trained with dilations");
  }
  const at::Tensor share = CountedShare(steps.window, steps.extents, steps.pads_end,
                                        op.as<PoolParams>().count_include_pad);
  return [steps, share](std::span<const at::Tensor> inputs, const ForwardMode&) {
    return AveragePoolUnpadded(steps.Padded(inputs[0], 0), steps.window) / share;
  };
}

Result<TorchOp> MakeMaxPool(const Graph& graph, const Op& op) {
  DISCO_ASSIGN(const PoolSteps steps, PoolStepsOf(graph, op));
  return [steps](std::span<const at::Tensor> inputs, const ForwardMode&) {
    const double lowest = -std::numeric_limits<double>::infinity();
    return MaxPoolUnpadded(steps.Padded(inputs[0], lowest), steps.window);
  };
}

TorchOp MakeMean(std::vector<int64_t> axes, bool keep_dims) {
  return
      [axes = std::move(axes), keep_dims](std::span<const at::Tensor> inputs, const ForwardMode&) {
        return at::mean(inputs[0], axes, keep_dims);
      };
}

Result<TorchOp> MakeReduceMean(const Graph& graph, const Op& op) {
  const int rank = graph.value(op.inputs[0]).shape.rank();
  const auto& params = op.as<ReduceParams>();
  DISCO_ASSIGN(const std::vector<int> given, AxesOf(graph, op, rank));
  std::vector<int64_t> axes(given.begin(), given.end());
  if (axes.empty() && params.nothing_without_axes) {
    return [](std::span<const at::Tensor> inputs, const ForwardMode&) { return inputs[0]; };
  }
  if (axes.empty()) {
    axes.resize(static_cast<size_t>(rank));
    std::iota(axes.begin(), axes.end(), 0);
  }
  return MakeMean(std::move(axes), params.keep_dims);
}

Result<TorchOp> MakeGlobalAveragePool(const Graph& graph, const Op& op) {
  std::vector<int64_t> axes(static_cast<size_t>(graph.value(op.inputs[0]).shape.rank() - 2));
  std::iota(axes.begin(), axes.end(), 2);
  return MakeMean(std::move(axes), true);
}

}  // namespace

std::span<const TorchEntry> TorchPool() {
  static constexpr TorchEntry kEntries[] = {
      {OpType::kAveragePool, MakeAveragePool},
      {OpType::kGlobalAveragePool, MakeGlobalAveragePool},
      {OpType::kMaxPool, MakeMaxPool},
      {OpType::kReduceMean, MakeReduceMean},
  };
  return kEntries;
}

}  // namespace disco
