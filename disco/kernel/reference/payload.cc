// SPDX-License-Identifier: Apache-2.0
#include "disco/kernel/reference/payload.h"

#include <algorithm>
#include <cstring>
#include <numeric>

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

}  // namespace

Result<PayloadIndex> SendIndex(const Graph& graph, const Op& op,
                               const std::vector<int64_t>& strides) {
  const auto& params = op.as<SendParams>();
  const Value& value = graph.value(op.inputs[0]);
  DISCO_ASSIGN(const int axis, FeatureAxis(op, value, params.axis));
  DISCO_ASSIGN(const std::vector<int64_t> steps,
               Steps(op, value.shape.rank(), axis, params.stride));
  PayloadIndex index{Offsets(value.shape, strides, steps), {}};
  for (const int64_t feature : params.features) {
    if (feature < 0 || feature >= value.shape[axis]) {
      return OpError(op, ErrorKind::kInvalid, "feature {} is outside '{}' {}", feature, value.name,
                     ToString(value.shape));
    }
    index.features.push_back(feature * strides[static_cast<size_t>(axis)]);
  }
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
  for (const ReceiveParams::Source& source : params.sources) {
    if (source.features < 0 || source.features > value.shape[axis] - first) {
      return OpError(op, ErrorKind::kInvalid, "node {} sends {} features, too many for {}",
                     source.from, source.features, ToString(value.shape));
    }
    PayloadIndex index{positions, std::vector<int64_t>(static_cast<size_t>(source.features))};
    for (int64_t& offset : index.features) offset = first++ * strides[static_cast<size_t>(axis)];
    indices.push_back(std::move(index));
  }
  if (first != value.shape[axis]) {
    return OpError(op, ErrorKind::kInvalid, "{} features come together, not {}", first,
                   value.shape[axis]);
  }
  return indices;
}

void Pack(const PayloadIndex& index, const float* value, std::span<std::byte> payload) {
  std::byte* to = payload.data();
  for (const int64_t position : index.positions) {
    for (const int64_t feature : index.features) {
      std::memcpy(to, value + position + feature, sizeof(float));
      to += sizeof(float);
    }
  }
}

void Unpack(const PayloadIndex& index, std::span<const std::byte> payload, float* value) {
  const std::byte* from = payload.data();
  for (const int64_t position : index.positions) {
    for (const int64_t feature : index.features) {
      std::memcpy(value + position + feature, from, sizeof(float));
      from += sizeof(float);
    }
  }
}

}  // namespace disco
