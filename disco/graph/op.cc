// SPDX-License-Identifier: Apache-2.0
#include "disco/graph/op.h"

#include <array>
#include <utility>

namespace disco {
namespace {

constexpr std::array<std::pair<OpType, std::string_view>, 30> kNames = {{
    {OpType::kAdd, "Add"},
    {OpType::kAveragePool, "AveragePool"},
    {OpType::kBatchNormalization, "BatchNormalization"},
    {OpType::kClip, "Clip"},
    {OpType::kConcat, "Concat"},
    {OpType::kConstantOfShape, "ConstantOfShape"},
    {OpType::kConv, "Conv"},
    {OpType::kDropout, "Dropout"},
    {OpType::kFlatten, "Flatten"},
    {OpType::kGather, "Gather"},
    {OpType::kGemm, "Gemm"},
    {OpType::kGlobalAveragePool, "GlobalAveragePool"},
    {OpType::kHardSwish, "HardSwish"},
    {OpType::kIdentity, "Identity"},
    {OpType::kLeakyRelu, "LeakyRelu"},
    {OpType::kLrn, "LRN"},
    {OpType::kMatMul, "MatMul"},
    {OpType::kMaxPool, "MaxPool"},
    {OpType::kMul, "Mul"},
    {OpType::kPad, "Pad"},
    {OpType::kReceive, "Receive"},
    {OpType::kReduceMean, "ReduceMean"},
    {OpType::kRelu, "Relu"},
    {OpType::kReshape, "Reshape"},
    {OpType::kSend, "Send"},
    {OpType::kSigmoid, "Sigmoid"},
    {OpType::kSoftmax, "Softmax"},
    {OpType::kSqueeze, "Squeeze"},
    {OpType::kTranspose, "Transpose"},
    {OpType::kUnsqueeze, "Unsqueeze"},
}};

}  // namespace

std::string_view Name(OpType type) { return kNames[static_cast<size_t>(type)].second; }

std::optional<OpType> FindOpType(std::string_view name) {
  for (const auto& [type, text] : kNames) {
    if (text == name) return type;
  }
  return std::nullopt;
}

}  // namespace disco
