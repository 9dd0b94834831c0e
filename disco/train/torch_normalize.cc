// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>

#include "disco/tensor/shape.h"
#include "disco/train/torch_op.h"

namespace disco {
namespace {

// Of one value the variance is unknown: its running estimate would become NaN.
void CheckBatchOf(const at::Tensor& input) {
  if (input.numel() > input.size(1)) return;
  throw std::invalid_argument(
      "a batch gives it one value per feature, of which no variance can be told; give a larger "
      "--batch");
}

// ONNX: running = running * momentum + batch * (1 - momentum). As in every training framework the
// running variance takes that of the batch with Bessel's correction.
Result<TorchOp> MakeBatchNorm(const Graph&, const Op& op) {
  return [params = op.as<BatchNormParams>()](std::span<const at::Tensor> inputs,
                                             const ForwardMode& mode) {
    if (mode.batch_statistics) CheckBatchOf(inputs[0]);
    const double share = mode.statistics_share.value_or(1.0 - params.momentum);
    return at::batch_norm(inputs[0], inputs[1], inputs[2], inputs[3], inputs[4],
                          mode.batch_statistics, share, params.epsilon, false);
  };
}

// Y = X / (bias + alpha / size * sum of X^2 over the `size` features around)^beta
Result<TorchOp> MakeLrn(const Graph&, const Op& op) {
  return [params = op.as<LrnParams>()](std::span<const at::Tensor> inputs, const ForwardMode&) {
    const at::Tensor& input = inputs[0];
    const int64_t before = (params.size - 1) / 2;
    at::Tensor squares = (input * input).reshape({input.size(0), 1, input.size(1), -1});
    squares = at::constant_pad_nd(squares, {0, 0, before, params.size - 1 - before}, 0);
    const at::Tensor mean = at::avg_pool2d(squares, {params.size, 1}, {1, 1});
    return input / at::pow(mean.reshape(input.sizes()) * params.alpha + params.bias, params.beta);
  };
}

Result<TorchOp> MakeLayerNorm(const Graph& graph, const Op& op) {
  const auto& params = op.as<LayerNormParams>();
  DISCO_ASSIGN(const int64_t axis,
               NormalizeAxis(params.axis, graph.value(op.inputs[0]).shape.rank()));
  return [axis, epsilon = params.epsilon, biased = op.HasInput(2)](
             std::span<const at::Tensor> inputs, const ForwardMode&) {
    const at::Tensor normal = at::layer_norm(
        inputs[0], inputs[0].sizes().slice(static_cast<size_t>(axis)), {}, {}, epsilon);
    const at::Tensor scaled = normal * inputs[1];
    return biased ? scaled + inputs[2] : scaled;
  };
}

Result<TorchOp> MakeSoftmax(const Graph& graph, const Op& op) {
  const auto& params = op.as<SoftmaxParams>();
  const int rank = graph.value(op.inputs[0]).shape.rank();
  DISCO_ASSIGN(const int axis, NormalizeAxis(params.axis, rank));
  const bool flat = params.over_all_from_axis;
  return [axis, flat](std::span<const at::Tensor> inputs, const ForwardMode&) {
    const at::Tensor& input = inputs[0];
    if (!flat) return at::softmax(input, axis);
    return at::softmax(input.flatten(axis), axis).reshape(input.sizes());
  };
}

}  // namespace

std::span<const TorchEntry> TorchNormalize() {
  static constexpr TorchEntry kEntries[] = {
      {OpType::kBatchNormalization, MakeBatchNorm},
      {OpType::kLayerNormalization, MakeLayerNorm},
      {OpType::kLrn, MakeLrn},
      {OpType::kSoftmax, MakeSoftmax},
  };
  return kEntries;
}

}  // namespace disco
