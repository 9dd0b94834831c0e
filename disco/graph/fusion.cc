// SPDX-License-Identifier: Apache-2.0
#include "disco/graph/fusion.h"

namespace disco {

bool IsActivation(OpType type) {
  switch (type) {
    case OpType::kClip:
    case OpType::kHardSwish:
    case OpType::kLeakyRelu:
    case OpType::kRelu:
    case OpType::kSigmoid:
      return true;
    default:
      return false;
  }
}

bool TakesOthers(OpType type) {
  return type == OpType::kConv || type == OpType::kGemm || type == OpType::kMatMul;
}

}  // namespace disco
