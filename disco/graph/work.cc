// SPDX-License-Identifier: Apache-2.0
#include "disco/graph/work.h"

#include <algorithm>
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

// Of a value without its features; an empty value has the positions that its extents say.
int64_t PositionsOf(const Shape& shape, int axis) {
  int64_t positions = 1;
  for (int i = 0; i < shape.rank(); ++i)
    positions *= i == axis ? 1 : std::max<int64_t>(1, shape[i]);
  return positions;
}

// Entries in the lists of an op that exchanges features.
int64_t Travelling(const Op& op) {
  if (op.type == OpType::kSend)
    return std::ssize(op.as<SendParams>().features) + std::ssize(op.as<SendParams>().wire.scales);
  if (op.type != OpType::kReceive) return 0;
  const auto& params = op.as<ReceiveParams>();
  return 2 * std::ssize(params.sources) + std::ssize(params.wire.scales);
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

Bytes DistinctConstantBytes(const Graph& graph) {
  Bytes total;
  std::unordered_set<const std::byte*> seen;
  for (const Value& value : graph.values) {
    if (value.constant && seen.insert(value.constant->bytes().data()).second)
      total += Bytes{static_cast<int64_t>(value.constant->size_bytes())};
  }
  return total;
}

Bytes GraphBytes(const Graph& graph) {
  constexpr int64_t kOp = 1024, kValue = 512, kNumber = 16;  // with lists that have doubled
  Bytes total = DistinctConstantBytes(graph);
  for (const Value& value : graph.values) total += Bytes{kValue + 2 * std::ssize(value.name)};
  for (const Op& op : graph.ops)
    total +=
        Bytes{kOp + 2 * std::ssize(op.name) + kNumber * (std::ssize(op.inputs) + Travelling(op))};
  for (const auto& [key, text] : graph.metadata)
    total += Bytes{kValue + 2 * std::ssize(key) + 2 * std::ssize(text)};
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
  return total;
}

bool OnlyMovesElements(OpType type) {
  switch (type) {
    case OpType::kConcat:
    case OpType::kDropout:
    case OpType::kFlatten:
    case OpType::kGather:
    case OpType::kIdentity:
    case OpType::kPad:
    case OpType::kReshape:
    case OpType::kSqueeze:
    case OpType::kTranspose:
    case OpType::kUnsqueeze:
      return true;
    default:
      return false;
  }
}

Bytes PlaceBytes(const Graph& graph, const Op& op) {
  // Offsets, one list while it is made and one that is kept, each of which has doubled.
  constexpr int64_t kPlace = 32;
  int64_t places = 0;
  const auto count_axes = [&](ValueId id) {
    if (id == kNoValue) return;
    for (const int64_t extent : graph.value(id).shape) places += extent;
  };
  const bool exchanges = op.type == OpType::kSend || op.type == OpType::kReceive;
  if (OnlyMovesElements(op.type) || exchanges || op.type == OpType::kReduceMean) {
    std::ranges::for_each(op.inputs, count_axes);
    std::ranges::for_each(op.outputs, count_axes);
  }
  if (op.type == OpType::kSend) {
    places += PositionsOf(graph.value(op.inputs[0]).shape, op.as<SendParams>().axis);
  } else if (op.type == OpType::kReceive) {
    const auto& params = op.as<ReceiveParams>();
    places += PositionsOf(params.shape, params.axis) * (1 + std::ssize(params.sources));
  }
  return Bytes{places} * kPlace;
}

Bytes PayloadBytes(const Graph& graph) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  Bytes total;
  for (const Op& op : graph.ops) {
    if (op.type != OpType::kSend) continue;
    const Bytes size = SizeOf(graph.value(op.inputs[0]));
    if (size.value > kMost - total.value) return {kMost};
    total += size;
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
