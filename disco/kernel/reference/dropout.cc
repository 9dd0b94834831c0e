// SPDX-License-Identifier: Apache-2.0
// Dropout. In training form the mask is that of NumPy's legacy generator, on which ONNX's own tests
// rely: MT19937 seeded with the op's seed, two draws for a double of 53 bits in [0, 1).
#include <random>

#include "disco/kernel/reference/ops.h"
#include "disco/op/op_name.h"

namespace disco::reference {
namespace {

double Uniform(std::mt19937& generator) {
  const auto high = static_cast<double>(generator() >> 5),
             low = static_cast<double>(generator() >> 6);
  return (high * 0x1p26 + low) * 0x1p-53;
}

Result<double> RatioOf(const Call& call) {
  if (!call.Has(1)) return 0.5;
  const Tensor& ratio = call.in(1);
  if (ratio.elements() == 1 && ratio.dtype() == DType::kF32)
    return static_cast<double>(ratio.Data<float>()[0]);
  if (ratio.elements() == 1 && ratio.dtype() == DType::kF64) return ratio.Data<double>()[0];
  return OpError(call.op, ErrorKind::kInvalid, "the ratio has to be one number");
}

Result<bool> IsTraining(const Call& call) {
  if (!call.Has(2)) return false;
  const Tensor& flag = call.in(2);
  if (flag.elements() == 1 && flag.dtype() == DType::kBool) return flag.Data<bool>()[0];
  return OpError(call.op, ErrorKind::kInvalid, "the training flag has to be one bool");
}

Outputs Dropout(const Call& call) {
  DISCO_ASSIGN(const double ratio, RatioOf(call));
  DISCO_ASSIGN(const bool training, IsTraining(call));
  const bool drops = training && ratio > 0;
  Tensor mask(DType::kBool, call.in(0).shape());
  std::mt19937 generator(static_cast<uint32_t>(call.op.as<DropoutParams>().seed));
  for (bool& keep : mask.MutableData<bool>()) keep = !drops || Uniform(generator) >= ratio;
  Tensor result = call.in(0);
  if (drops) {
    DISCO_TRY(RequireFloat(call));
    const auto scale = static_cast<float>(1 / (1 - ratio));
    const auto keep = mask.Data<bool>();
    const auto y = result.MutableData<float>();
    for (size_t i = 0; i < y.size(); ++i) y[i] = keep[i] ? y[i] * scale : 0.0f;
  }
  std::vector<Tensor> results = {result};
  if (call.op.outputs.size() > 1) results.push_back(mask);
  return results;
}

}  // namespace

std::span<const KernelEntry> DropoutKernels() {
  static constexpr KernelEntry kEntries[] = {{OpType::kDropout, {Dropout}}};
  return kEntries;
}

}  // namespace disco::reference
