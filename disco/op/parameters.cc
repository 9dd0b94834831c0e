// SPDX-License-Identifier: Apache-2.0
#include "disco/op/parameters.h"

#include <algorithm>
#include <numeric>

#include "disco/op/infer_shapes.h"
#include "disco/op/op_name.h"

namespace disco {

Result<std::vector<int64_t>> ConstantIndices(const Graph& graph, const Op& op, size_t slot,
                                             int64_t most) {
  const Tensor* tensor = graph.ConstantInput(op, slot);
  if (tensor == nullptr) {
    return OpError(op, ErrorKind::kUnsupported, "input {} has to be a constant", slot);
  }
  if (tensor->elements() > most) {
    return OpError(op, ErrorKind::kInvalid, "input {} has {} numbers, more than {}", slot,
                   tensor->elements(), most);
  }
  if (tensor->dtype() == DType::kI32) {
    const auto data = tensor->Data<int32_t>();
    return std::vector<int64_t>(data.begin(), data.end());
  }
  if (tensor->dtype() != DType::kI64) {
    return OpError(op, ErrorKind::kInvalid, "input {} has to hold whole numbers, not {}", slot,
                   Name(tensor->dtype()));
  }
  const auto data = tensor->Data<int64_t>();
  return std::vector<int64_t>(data.begin(), data.end());
}

Result<std::vector<int>> AxesOf(const Graph& graph, const Op& op, int rank) {
  std::vector<int> axes;
  if (!op.HasInput(1)) return axes;
  DISCO_ASSIGN(const std::vector<int64_t> given, ConstantIndices(graph, op, 1));
  for (const int64_t axis : given) {
    const auto normal = NormalizeAxis(axis, rank);
    if (!normal) return OpError(op, ErrorKind::kInvalid, "{}", normal.error().message);
    axes.push_back(*normal);
  }
  std::sort(axes.begin(), axes.end());
  if (std::adjacent_find(axes.begin(), axes.end()) != axes.end()) {
    return OpError(op, ErrorKind::kInvalid, "an axis stands twice");
  }
  return axes;
}

std::vector<int64_t> PermutationOf(const Graph& graph, const Op& op) {
  std::vector<int64_t> permutation = op.as<TransposeParams>().permutation;
  if (permutation.empty()) {
    for (int64_t axis = InputShape(graph, op).rank(); axis-- > 0;) permutation.push_back(axis);
  }
  return permutation;
}

std::vector<int64_t> SqueezedAxes(const Graph& graph, const Op& op) {
  const Shape& input = InputShape(graph, op);
  std::vector<int64_t> axes;
  if (const auto named = AxesOf(graph, op, input.rank()); op.HasInput(1) && named)
    return {named->begin(), named->end()};
  for (int axis = 0; axis < input.rank(); ++axis) {
    if (input[axis] == 1) axes.push_back(axis);
  }
  return axes;
}

Result<Pads> PadsOf(const Graph& graph, const Op& op) {
  const int rank = InputShape(graph, op).rank();
  Pads pads{std::vector<int64_t>(static_cast<size_t>(rank)),
            std::vector<int64_t>(static_cast<size_t>(rank))};
  DISCO_ASSIGN(const std::vector<int64_t> given, ConstantIndices(graph, op, 1));
  std::vector<int64_t> axes(static_cast<size_t>(rank));
  std::iota(axes.begin(), axes.end(), 0);
  if (op.HasInput(3)) {
    DISCO_ASSIGN(axes, ConstantIndices(graph, op, 3));
  }
  if (given.size() != 2 * axes.size()) {
    return OpError(op, ErrorKind::kInvalid, "{} pads for {} axes", given.size(), axes.size());
  }
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto axis = NormalizeAxis(axes[i], rank);
    if (!axis) return OpError(op, ErrorKind::kInvalid, "{}", axis.error().message);
    for (const int64_t pad : {given[i], given[axes.size() + i]}) {
      if (pad > kMaxElements || pad < -kMaxElements) {
        return OpError(op, ErrorKind::kInvalid, "cannot pad by {}", pad);
      }
    }
    pads.begin[static_cast<size_t>(*axis)] = given[i];
    pads.end[static_cast<size_t>(*axis)] = given[axes.size() + i];
  }
  return pads;
}

Result<std::vector<int64_t>> GatheredIndices(const Graph& graph, const Op& op) {
  const Shape& input = InputShape(graph, op);
  const auto axis = NormalizeAxis(op.as<AxisParams>().axis, input.rank());
  if (!axis) return OpError(op, ErrorKind::kInvalid, "{}", axis.error().message);
  const int64_t extent = input[*axis];
  DISCO_ASSIGN(std::vector<int64_t> indices, ConstantIndices(graph, op, 1, kMaxElements));
  for (int64_t& index : indices) {
    if (index < -extent || index >= extent) {
      return OpError(op, ErrorKind::kInvalid,
                     "index {} is outside axis {} of {}; it has to be from {} to {}", index, *axis,
                     ToString(input), -extent, extent - 1);
    }
    if (index < 0) index += extent;
  }
  return indices;
}

}  // namespace disco
