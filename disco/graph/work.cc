// SPDX-License-Identifier: Apache-2.0
#include "disco/graph/work.h"

#include <unordered_set>

namespace disco {
namespace {

// Constants that ops read as data, each once; `learned` leaves out running statistics.
template <class Function>
void ForEachWeight(const Graph& graph, bool learned, Function&& function) {
  std::unordered_set<ValueId> seen;
  for (const Op& op : graph.ops) {
    for (size_t slot = 0; slot < op.inputs.size(); ++slot) {
      const bool statistics = op.type == OpType::kBatchNormalization && slot >= 3;
      if (!graph.IsConstant(op.inputs[slot]) || IsParameterSlot(op.type, slot) ||
          (learned && statistics))
        continue;
      if (seen.insert(op.inputs[slot]).second) function(*graph.value(op.inputs[slot]).constant);
    }
  }
}

}  // namespace

Macs MacsOf(const Graph& graph, const Op& op) {
  if (op.type != OpType::kConv && op.type != OpType::kGemm && op.type != OpType::kMatMul) return {};
  const Shape& input = graph.value(op.inputs[0]).shape;
  const int64_t outputs = graph.value(op.outputs[0]).shape.elements();
  if (op.type == OpType::kConv) {
    const Shape& weights = graph.value(op.inputs[1]).shape;
    return {outputs * weights.elements(1, weights.rank())};
  }
  const bool transposed = op.type == OpType::kGemm && op.as<GemmParams>().transpose_a;
  return {outputs * input[transposed ? 0 : input.rank() - 1]};
}

Macs MacsOf(const Graph& graph) {
  Macs total;
  for (const Op& op : graph.ops) total += MacsOf(graph, op);
  return total;
}

int64_t ParameterCount(const Graph& graph) {
  int64_t count = 0;
  ForEachWeight(graph, true, [&](const Tensor& tensor) { count += tensor.elements(); });
  return count;
}

Bytes WeightBytes(const Graph& graph) {
  Bytes total;
  ForEachWeight(graph, false, [&](const Tensor& tensor) {
    total += Bytes{static_cast<int64_t>(tensor.size_bytes())};
  });
  return total;
}

bool IsMixing(const Graph& graph, const Op& op) {
  switch (op.type) {
    case OpType::kConv:
      return op.as<ConvParams>().group == 1 && graph.IsConstant(op.inputs[1]);
    case OpType::kGemm:
      return !op.as<GemmParams>().transpose_a && graph.IsConstant(op.inputs[1]) &&
             !graph.IsConstant(op.inputs[0]);
    case OpType::kMatMul:
      return graph.IsConstant(op.inputs[1]) && graph.value(op.inputs[1]).shape.rank() == 2 &&
             graph.value(op.inputs[0]).shape.rank() >= 2;
    default:
      return false;
  }
}

}  // namespace disco
