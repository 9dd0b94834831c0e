// SPDX-License-Identifier: Apache-2.0
// Networks and tensors for the room's tests.
#pragma once

#include "disco/base/random.h"
#include "disco/graph/graph.h"
#include "disco/zoo/zoo.h"

namespace disco {

inline void FillRandom(Tensor& tensor, uint64_t stream, double low, double high) {
  Random random(7, stream);
  for (float& element : tensor.MutableData<float>()) {
    element = static_cast<float>(random.Uniform(low, high));
  }
}

// A zoo network whose BatchNormalizations are not identities.
inline Graph RandomNetwork(const ZooOptions& options) {
  Graph graph = *MakeZooNetwork(options);
  for (const Op& op : graph.ops) {
    if (op.type != OpType::kBatchNormalization) continue;
    for (size_t slot = 1; slot < 5; ++slot) {
      const bool positive = slot == 1 || slot == 4;
      FillRandom(*graph.value(op.inputs[slot]).constant, static_cast<uint64_t>(op.inputs[slot]),
                 positive ? 0.5 : -0.5, positive ? 1.5 : 0.5);
    }
  }
  return graph;
}

inline Tensor RandomTensor(Shape shape, uint64_t stream) {
  Tensor tensor(DType::kF32, std::move(shape));
  FillRandom(tensor, stream, -1, 1);
  return tensor;
}

}  // namespace disco
