// SPDX-License-Identifier: Apache-2.0
#include "disco/train/torch_op.h"

#include "disco/op/op_name.h"

namespace disco {

Result<TorchOp> MakeTorchOp(const Graph& graph, const Op& op) {
  for (size_t slot = 1; slot < op.outputs.size(); ++slot) {
    if (op.HasOutput(slot)) {
      return OpError(op, ErrorKind::kUnsupported, "cannot be trained with its output {}", slot);
    }
  }
  switch (op.type) {
    case OpType::kConv:
      return MakeTorchConv(graph, op);
    case OpType::kAveragePool:
    case OpType::kGlobalAveragePool:
    case OpType::kMaxPool:
    case OpType::kReduceMean:
      return MakeTorchPool(graph, op);
    case OpType::kGemm:
    case OpType::kMatMul:
      return MakeTorchMatrix(graph, op);
    case OpType::kBatchNormalization:
    case OpType::kLrn:
    case OpType::kSoftmax:
      return MakeTorchNormalize(graph, op);
    case OpType::kAdd:
    case OpType::kClip:
    case OpType::kDropout:
    case OpType::kHardSwish:
    case OpType::kIdentity:
    case OpType::kLeakyRelu:
    case OpType::kMul:
    case OpType::kRelu:
    case OpType::kSigmoid:
      return MakeTorchElementwise(graph, op);
    case OpType::kConcat:
    case OpType::kConstantOfShape:
    case OpType::kFlatten:
    case OpType::kGather:
    case OpType::kPad:
    case OpType::kReshape:
    case OpType::kSqueeze:
    case OpType::kTranspose:
    case OpType::kUnsqueeze:
      return MakeTorchLayout(graph, op);
    case OpType::kReceive:
    case OpType::kSend:
      break;
  }
  return OpError(op, ErrorKind::kUnsupported,
                 "cannot be trained; train the whole network and cut it afterwards");
}

}  // namespace disco
