// SPDX-License-Identifier: Apache-2.0
#include "disco/graph/signature.h"

#include <algorithm>
#include <limits>

namespace disco {
namespace {

constexpr size_t kAny = std::numeric_limits<size_t>::max();

// The first `least_inputs` have to be there, those up to `most_inputs` may be.
struct Signature {
  size_t least_inputs = 1, most_inputs = 1, most_outputs = 1;
};

Signature SignatureOf(const Op& op) {
  switch (op.type) {
    case OpType::kReceive:
      return {0, 1, 1};
    case OpType::kSend:
      return {1, 1, 0};
    case OpType::kAdd:
    case OpType::kMul:
    case OpType::kMatMul:
    case OpType::kGather:
    case OpType::kReshape:
    case OpType::kUnsqueeze:
      return {2, 2, 1};
    case OpType::kConv:
    case OpType::kGemm:
      return {2, 3, 1};
    case OpType::kPad:
      return {2, 4, 1};
    case OpType::kReduceMean:
    case OpType::kSqueeze:
      return {1, 2, 1};
    case OpType::kClip:
      return {1, 3, 1};
    case OpType::kDropout:
      return {1, 3, 2};
    case OpType::kMaxPool:
      return {1, 1, 2};
    case OpType::kBatchNormalization:
      return {5, 5, op.as<BatchNormParams>().training ? 3u : 1u};
    case OpType::kConcat:
      return {std::max<size_t>(op.inputs.size(), 1), kAny, 1};
    default:
      return {};
  }
}

}  // namespace

Status CheckSignature(const Op& op) {
  const Signature signature = SignatureOf(op);
  for (size_t slot = 0; slot < std::max(op.inputs.size(), signature.least_inputs); ++slot) {
    if (slot < signature.least_inputs && !op.HasInput(slot))
      return OpError(op, ErrorKind::kInvalid, "input {} is missing", slot);
    if (slot >= signature.most_inputs && op.HasInput(slot))
      return OpError(op, ErrorKind::kInvalid, "it has an input {} too many", slot);
  }
  if (signature.most_outputs > 0 && !op.HasOutput(0))
    return OpError(op, ErrorKind::kInvalid, "its first output is missing");
  for (size_t slot = signature.most_outputs; slot < op.outputs.size(); ++slot) {
    if (op.HasOutput(slot))
      return OpError(op, ErrorKind::kInvalid, "it has an output {} too many", slot);
  }
  return {};
}

}  // namespace disco
