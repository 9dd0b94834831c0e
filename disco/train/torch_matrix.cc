// SPDX-License-Identifier: Apache-2.0
#include "disco/train/torch_op.h"

namespace disco {
namespace {

Result<TorchOp> MakeMatMul(const Graph&, const Op&) {
  return [](std::span<const at::Tensor> inputs, const ForwardMode&) {
    return at::matmul(inputs[0], inputs[1]);
  };
}

Result<TorchOp> MakeGemm(const Graph&, const Op& op) {
  return [params = op.as<GemmParams>()](std::span<const at::Tensor> inputs, const ForwardMode&) {
    const at::Tensor a = params.transpose_a ? inputs[0].t() : inputs[0];
    const at::Tensor b = params.transpose_b ? inputs[1].t() : inputs[1];
    at::Tensor product = at::matmul(a, b);
    if (params.alpha != 1) product = product * params.alpha;
    if (inputs.size() < 3 || !inputs[2].defined()) return product;
    return product + (params.beta != 1 ? inputs[2] * params.beta : inputs[2]);
  };
}

}  // namespace

std::span<const TorchEntry> TorchMatrix() {
  static constexpr TorchEntry kEntries[] = {
      {OpType::kGemm, MakeGemm},
      {OpType::kMatMul, MakeMatMul},
  };
  return kEntries;
}

}  // namespace disco
