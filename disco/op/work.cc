// SPDX-License-Identifier: Apache-2.0
#include "disco/op/work.h"

#include <algorithm>
#include <limits>
#include <unordered_set>

#include "disco/op/op_def.h"
#include "disco/op/op_name.h"

namespace disco {
namespace {

// Constants that ops read as data, each once; `learned` leaves out running statistics.
template <class Function>
void ForEachWeight(const Graph& graph, bool learned, Function&& function) {
  std::unordered_set<ValueId> seen;
  for (const Op& op : graph.ops) {
    for (size_t slot = 0; slot < op.inputs.size(); ++slot) {
      const OpDef& def = DefOf(op);
      const bool statistics = slot >= def.first_statistic;
      if (!graph.IsConstant(op.inputs[slot]) || def.IsParameter(slot) || (learned && statistics))
        continue;
      if (seen.insert(op.inputs[slot]).second) function(*graph.value(op.inputs[slot]).constant);
    }
  }
}

// Multiplications for one element of the output.
int64_t DepthOf(const Graph& graph, const Op& op) {
  const auto depth = DefOf(op).depth;
  return depth == nullptr ? 0 : depth(graph, op);
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
  if (const auto* send = std::get_if<SendParams>(&op.params))
    return std::ssize(send->features) + std::ssize(send->wire.scales);
  const auto* receive = std::get_if<ReceiveParams>(&op.params);
  return receive == nullptr ? 0
                            : 2 * std::ssize(receive->sources) + std::ssize(receive->wire.scales);
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

Bytes PlaceBytes(const Graph& graph, const Op& op) {
  // Offsets, one list while it is made and one that is kept, each of which has doubled.
  constexpr int64_t kPlace = 32;
  int64_t places = 0;
  const auto count_axes = [&](ValueId id) {
    if (id == kNoValue) return;
    for (const int64_t extent : graph.value(id).shape) places += extent;
  };
  const OpDef& def = DefOf(op);
  if (def.Is(kMovesElements) || def.Is(kExchange) || def.Is(kListsPlaces)) {
    std::ranges::for_each(op.inputs, count_axes);
    std::ranges::for_each(op.outputs, count_axes);
  }
  if (const auto* send = std::get_if<SendParams>(&op.params)) {
    places += PositionsOf(graph.value(op.inputs[0]).shape, send->axis);
  } else if (const auto* receive = std::get_if<ReceiveParams>(&op.params)) {
    places += PositionsOf(receive->shape, receive->axis) * (1 + std::ssize(receive->sources));
  }
  return Bytes{places} * kPlace;
}

Bytes PayloadBytes(const Graph& graph) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  Bytes total;
  for (const Op& op : graph.ops) {
    if (!std::holds_alternative<SendParams>(op.params)) continue;
    const Bytes size = SizeOf(graph.value(op.inputs[0]));
    if (size.value > kMost - total.value) return {kMost};
    total += size;
  }
  return total;
}

bool IsMixing(const Graph& graph, const Op& op) { return MixingWeightsOf(graph, op).has_value(); }

std::optional<MixingWeights> MixingWeightsOf(const Graph& graph, const Op& op) {
  const auto mixing = DefOf(op).mixing;
  return mixing == nullptr ? std::nullopt : mixing(graph, op);
}

}  // namespace disco
