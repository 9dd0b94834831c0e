// SPDX-License-Identifier: Apache-2.0
#include "disco/plan/derive_traffic.h"

#include <algorithm>

namespace disco {
namespace {

// The common stride of 1x1 convolutions; empty when a reader needs every position.
std::vector<int64_t> StrideOf(const Graph& graph, const Op& op) {
  if (op.type != OpType::kConv) return {};
  const Shape& weights = graph.value(op.inputs[1]).shape;
  const Window& window = op.as<ConvParams>().window;
  auto all = [](const std::vector<int64_t>& list, int64_t value) {
    return std::all_of(list.begin(), list.end(), [value](int64_t entry) { return entry == value; });
  };
  const bool point = weights.elements(2, weights.rank()) == 1 && all(window.pads_begin, 0) &&
                     all(window.pads_end, 0);
  return !point || all(window.strides, 1) ? std::vector<int64_t>{} : window.strides;
}

std::vector<int64_t> CommonStride(const BoundPlan& bound, ValueId value, NodeId to) {
  const CrossReaders& readers = bound.readers(value);
  if (!readers.replicated.empty()) return {};
  std::optional<std::vector<int64_t>> common;
  for (const OpId reader : readers.mixing) {
    if (!bound.Runs(reader, to)) continue;
    std::vector<int64_t> stride = StrideOf(bound.graph(), bound.graph().op(reader));
    if (common && *common != stride) return {};
    common = std::move(stride);
  }
  return common.value_or(std::vector<int64_t>{});
}

Shape ShapeOf(const Shape& value, int axis, const Transfer& transfer) {
  Shape shape = value;
  shape[axis] = static_cast<int64_t>(transfer.features.size());
  for (size_t i = 0; i < transfer.stride.size(); ++i) {
    const int spatial = static_cast<int>(i) + 2;
    shape[spatial] = (shape[spatial] + transfer.stride[i] - 1) / transfer.stride[i];
  }
  return shape;
}

// That of a value, for some of its features.
Wire WireOf(const Wire& value, const std::vector<int64_t>& features) {
  Wire wire{.type = value.type};
  if (value.scales.empty()) return wire;
  for (const int64_t feature : features)
    wire.scales.push_back(value.scales[static_cast<size_t>(feature)]);
  return wire;
}

// What `to` reads of a value that others own.
struct ForeignReading {
  ValueId value;
  NodeId to;
  std::vector<int64_t> stride;
};

// One transfer from each node that owns some of it.
void AddTransfers(const BoundPlan& bound, const ForeignReading& reading,
                  std::vector<Transfer>& traffic) {
  const ValuePlan& part = *bound.part(reading.value);
  for (NodeId from = 0; from < bound.nodes(); ++from) {
    Transfer transfer{.id = static_cast<int32_t>(traffic.size()),
                      .value = reading.value,
                      .from = from,
                      .to = reading.to,
                      .stride = reading.stride};
    for (const int64_t feature : part.kept[static_cast<size_t>(reading.to)]) {
      if (part.owner[static_cast<size_t>(feature)] == from) transfer.features.push_back(feature);
    }
    if (transfer.features.empty()) continue;
    transfer.shape = ShapeOf(bound.graph().value(reading.value).shape, part.axis, transfer);
    transfer.wire = WireOf(part.wire, transfer.features);
    transfer.size =
        Bytes{transfer.shape.elements() * static_cast<int64_t>(SizeOf(transfer.wire.type))};
    traffic.push_back(std::move(transfer));
  }
}

}  // namespace

std::vector<Transfer> DeriveTraffic(const BoundPlan& bound) {
  std::vector<Transfer> traffic;
  for (const OpId op : bound.order()) {
    for (const ValueId value : bound.graph().op(op).outputs) {
      const ValuePlan* part = bound.part(value);
      if (part == nullptr || !part->read_foreign) continue;
      for (NodeId to = 0; to < bound.nodes(); ++to) {
        if (bound.ReadsForeign(value, to))
          AddTransfers(bound, {value, to, CommonStride(bound, value, to)}, traffic);
      }
    }
  }
  return traffic;
}

}  // namespace disco
