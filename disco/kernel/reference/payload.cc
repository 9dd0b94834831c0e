// SPDX-License-Identifier: Apache-2.0
#include "disco/kernel/reference/payload.h"

#include <algorithm>
#include <numeric>

#include "disco/op/op_name.h"

namespace disco {
namespace {

Result<int> FeatureAxis(const Op& op, const Value& value, int axis) {
  if (value.dtype != DType::kF32) {
    return OpError(op, ErrorKind::kUnsupported, "only float32 travels, '{}' is {}", value.name,
                   Name(value.dtype));
  }
  if (axis < 0 || axis >= value.shape.rank()) {
    return OpError(op, ErrorKind::kInvalid, "axis {} is outside '{}' {}", axis, value.name,
                   ToString(value.shape));
  }
  return axis;
}

// Offsets of every step-th element along each axis; steps[axis] 0 leaves the axis out.
std::vector<int64_t> Offsets(const Shape& shape, const std::vector<int64_t>& strides,
                             const std::vector<int64_t>& steps) {
  std::vector<int64_t> offsets = {0};
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const auto i = static_cast<size_t>(axis);
    if (steps[i] == 0) continue;
    std::vector<int64_t> next;
    for (const int64_t offset : offsets) {
      for (int64_t at = 0; at < shape[axis]; at += steps[i])
        next.push_back(offset + at * strides[i]);
    }
    offsets = std::move(next);
  }
  return offsets;
}

// The step along each axis of a value: 0 along the features, 1 along the batch, then `stride`.
Result<std::vector<int64_t>> Steps(const Op& op, int rank, int axis,
                                   const std::vector<int64_t>& stride) {
  std::vector<int64_t> steps(static_cast<size_t>(rank), 1);
  steps[static_cast<size_t>(axis)] = 0;
  size_t next = 0;
  for (int i = 1; i < rank; ++i) {
    if (i != axis && next < stride.size()) steps[static_cast<size_t>(i)] = stride[next++];
  }
  const bool positive = std::ranges::all_of(stride, [](int64_t step) { return step > 0; });
  if (next != stride.size() || !positive) {
    return OpError(op, ErrorKind::kInvalid, "stride {} does not fit a value of rank {}",
                   ToString(Shape(stride)), rank);
  }
  return steps;
}

// Offsets of positions come in rows of one length and step, since each axis has one stride.
void SetPositions(const std::vector<int64_t>& offsets, PayloadIndex& index) {
  if (offsets.size() > 1) index.step = offsets[1] - offsets[0];
  const auto next = std::ranges::adjacent_find(
      offsets, [&](int64_t offset, int64_t following) { return following - offset != index.step; });
  const auto length = next == offsets.end() ? std::ssize(offsets) : next - offsets.begin() + 1;
  index.length = std::max<int64_t>(1, length);
  for (int64_t first = 0; first < std::ssize(offsets); first += index.length)
    index.rows.push_back(offsets[static_cast<size_t>(first)]);
}

// Those of the scales from `first` on that are for the features of `index`.
Status SetWire(const Op& op, const Wire& wire, size_t first, PayloadIndex& index) {
  index.wire = wire.type;
  if (wire.type != WireType::kInt8) return {};
  for (size_t i = first; i < first + index.features.size(); ++i) {
    if (i >= wire.scales.size())
      return OpError(op, ErrorKind::kInvalid, "{} scales are too few", wire.scales.size());
    if (const Status sound = CheckScale(wire.scales[i]); !sound)
      return OpError(op, ErrorKind::kInvalid, "{}", sound.error().message);
    index.codes.Add(Int8Code(wire.scales[i]));
  }
  return {};
}

}  // namespace

Result<PayloadIndex> SendIndex(const Graph& graph, const Op& op,
                               const std::vector<int64_t>& strides) {
  const auto& params = op.as<SendParams>();
  const Value& value = graph.value(op.inputs[0]);
  DISCO_ASSIGN(const int axis, FeatureAxis(op, value, params.axis));
  DISCO_ASSIGN(const std::vector<int64_t> steps,
               Steps(op, value.shape.rank(), axis, params.stride));
  PayloadIndex index;
  SetPositions(Offsets(value.shape, strides, steps), index);
  for (const int64_t feature : params.features) {
    if (feature < 0 || feature >= value.shape[axis]) {
      return OpError(op, ErrorKind::kInvalid, "feature {} is outside '{}' {}", feature, value.name,
                     ToString(value.shape));
    }
    index.features.push_back(feature * strides[static_cast<size_t>(axis)]);
  }
  DISCO_TRY(SetWire(op, params.wire, 0, index));
  return index;
}

Result<std::vector<PayloadIndex>> ReceiveIndices(const Graph& graph, const Op& op,
                                                 const std::vector<int64_t>& strides) {
  const auto& params = op.as<ReceiveParams>();
  const Value& value = graph.value(op.outputs[0]);
  DISCO_ASSIGN(const int axis, FeatureAxis(op, value, params.axis));
  DISCO_ASSIGN(const std::vector<int64_t> steps, Steps(op, value.shape.rank(), axis, {}));
  const std::vector<int64_t> positions = Offsets(value.shape, strides, steps);
  std::vector<PayloadIndex> indices;
  int64_t first = op.HasInput(0) ? graph.value(op.inputs[0]).shape[axis] : 0;
  size_t received = 0;
  for (const ReceiveParams::Source& source : params.sources) {
    if (source.features < 0 || source.features > value.shape[axis] - first) {
      return OpError(op, ErrorKind::kInvalid, "node {} sends {} features, too many for {}",
                     source.from, source.features, ToString(value.shape));
    }
    PayloadIndex index{.features = std::vector<int64_t>(static_cast<size_t>(source.features))};
    SetPositions(positions, index);
    for (int64_t& offset : index.features) offset = first++ * strides[static_cast<size_t>(axis)];
    DISCO_TRY(SetWire(op, params.wire, received, index));
    received += index.features.size();
    indices.push_back(std::move(index));
  }
  if (first != value.shape[axis]) {
    return OpError(op, ErrorKind::kInvalid, "{} features come together, not {}", first,
                   value.shape[axis]);
  }
  return indices;
}

}  // namespace disco
