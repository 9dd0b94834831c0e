// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "disco/kernel/reference/ops.h"
#include "disco/kernel/reference/reference.h"
#include "disco/op/op_name.h"

namespace disco {
namespace reference {

Status RequireFloat(const Call& call) {
  if (call.in(0).dtype() == DType::kF32) return {};
  return OpError(call.op, ErrorKind::kUnsupported, "is not computed in {}",
                 Name(call.in(0).dtype()));
}

namespace {

Outputs Dispatch(const Call& call) {
  switch (call.op.type) {
    case OpType::kAdd:
    case OpType::kMul:
      return Binary(call);
    case OpType::kAveragePool:
      return AveragePool(call);
    case OpType::kBatchNormalization:
      return BatchNormalization(call);
    case OpType::kConcat:
      return Concat(call);
    case OpType::kConstantOfShape:
      return ConstantOfShape(call);
    case OpType::kConv:
      return Conv(call);
    case OpType::kDropout:
      return Dropout(call);
    case OpType::kGather:
      return Gather(call);
    case OpType::kGemm:
      return Gemm(call);
    case OpType::kGlobalAveragePool:
      return GlobalAveragePool(call);
    case OpType::kClip:
    case OpType::kHardSwish:
    case OpType::kLeakyRelu:
    case OpType::kRelu:
    case OpType::kSigmoid:
      return Activation(call);
    case OpType::kFlatten:
    case OpType::kIdentity:
    case OpType::kReshape:
    case OpType::kSqueeze:
    case OpType::kUnsqueeze:
      return SameElements(call);
    case OpType::kLrn:
      return Lrn(call);
    case OpType::kMatMul:
      return MatMul(call);
    case OpType::kMaxPool:
      return MaxPool(call);
    case OpType::kPad:
      return Pad(call);
    case OpType::kReduceMean:
      return ReduceMean(call);
    case OpType::kSoftmax:
      return Softmax(call);
    case OpType::kTranspose:
      return Transpose(call);
    case OpType::kReceive:
    case OpType::kSend:
      break;
  }
  return OpError(call.op, ErrorKind::kUnsupported, "needs an exchange");
}

}  // namespace
}  // namespace reference

Result<std::vector<Tensor>> RunOp(const Graph& graph, const Op& op, std::span<const Tensor> inputs,
                                  Exchange* exchange) {
  const reference::Call call{graph, op, inputs, exchange};
  const auto empty = [&](ValueId id) {
    return id == kNoValue || graph.value(id).shape.elements() == 0;
  };
  if (!std::ranges::all_of(op.outputs, empty)) return reference::Dispatch(call);
  std::vector<Tensor> results;  // nothing to compute, however large the windows are
  for (size_t slot = 0; slot < op.outputs.size(); ++slot) {
    results.push_back(op.HasOutput(slot) ? call.NewOutput(slot) : Tensor());
  }
  return results;
}

}  // namespace disco
