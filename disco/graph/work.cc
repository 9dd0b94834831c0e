// SPDX-License-Identifier: Apache-2.0
#include "disco/graph/work.h"

#include <limits>
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

// Multiplications for one element of the output.
int64_t DepthOf(const Graph& graph, const Op& op) {
  const auto shape = [&](size_t slot) -> const Shape& {
    return graph.value(op.inputs[slot]).shape;
  };
  switch (op.type) {
    case OpType::kConv:
      return shape(1).elements(1, shape(1).rank());
    case OpType::kGemm:
      return shape(0)[op.as<GemmParams>().transpose_a ? 0 : 1];
    case OpType::kMatMul:
      return shape(0)[shape(0).rank() - 1];
    default:
      return 0;
  }
}

}  // namespace

Macs MacsOf(const Graph& graph, const Op& op) {
  if (const int64_t depth = DepthOf(graph, op); depth > 0)
    return {graph.value(op.outputs[0]).shape.elements() * depth};
  return {};
}

Macs MacsOf(const Graph& graph) {
  Macs total;
  for (const Op& op : graph.ops) total += MacsOf(graph, op);
  return total;
}

Status CheckWork(const Graph& graph) {
  double total = 0;
  for (const Op& op : graph.ops) {
    const int64_t depth = DepthOf(graph, op);
    if (depth == 0) continue;
    total += static_cast<double>(graph.value(op.outputs[0]).shape.elements()) *
             static_cast<double>(depth);
    if (total > 0x1p60) {
      return OpError(op, ErrorKind::kInvalid, "up to here the network takes {:.0e} MACs", total);
    }
  }
  return {};
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

Bytes SizeOf(const Value& value) {
  return {value.shape.elements() * static_cast<int64_t>(SizeOf(value.dtype))};
}

Bytes FeatureBytes(const Graph& graph) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  Bytes total;
  for (const Value& value : graph.values) {
    if (value.constant) continue;
    const Bytes size = SizeOf(value);
    if (size.value > kMost - total.value) return {kMost};
    total += size;
  }
  // A node keeps the place of every position that travels.
  for (const Op& op : graph.ops) {
    if (op.type != OpType::kSend && op.type != OpType::kReceive) continue;
    const ValueId id = op.type == OpType::kSend ? op.inputs[0] : op.outputs[0];
    const int64_t sources =
        op.type == OpType::kSend ? 1 : std::ssize(op.as<ReceiveParams>().sources);
    const int64_t elements = graph.value(id).shape.elements();
    if (sources > 0 && elements > (kMost - total.value) / 8 / sources) return {kMost};
    total += Bytes{elements * 8 * sources};
  }
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
