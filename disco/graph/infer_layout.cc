// SPDX-License-Identifier: Apache-2.0
#include "disco/graph/infer_layout.h"

#include <algorithm>
#include <numeric>

#include "disco/graph/infer_shapes.h"
#include "disco/graph/pads.h"

namespace disco {

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

Result<Shape> ReshapeShape(const Graph& graph, const Op& op) {
  const Shape& input = InputShape(graph, op);
  DISCO_ASSIGN(std::vector<int64_t> target, ConstantIndices(graph, op, 1));
  const bool allow_zero = op.as<ReshapeParams>().allow_zero;
  int64_t known = 1;
  std::ptrdiff_t open = -1;
  for (size_t axis = 0; axis < target.size(); ++axis) {
    if (target[axis] == 0 && !allow_zero) {
      if (static_cast<int>(axis) >= input.rank()) {
        return OpError(op, ErrorKind::kInvalid, "cannot copy axis {} of {}", axis, ToString(input));
      }
      target[axis] = input[static_cast<int>(axis)];
    }
    if (target[axis] == -1 && open < 0) {
      open = static_cast<std::ptrdiff_t>(axis);
    } else if (target[axis] < 0 || (target[axis] > 0 && known > kMaxElements / target[axis])) {
      return OpError(op, ErrorKind::kInvalid, "cannot reshape to {}", ToString(Shape(target)));
    } else {
      known *= target[axis];
    }
  }
  if (open >= 0) target[static_cast<size_t>(open)] = known == 0 ? 0 : input.elements() / known;
  Shape shape(target);
  if (shape.elements() != input.elements()) {
    return OpError(op, ErrorKind::kInvalid, "cannot reshape {} to {}", ToString(input),
                   ToString(shape));
  }
  return shape;
}

Result<Shape> FlattenShape(const Graph& graph, const Op& op) {
  const Shape& input = InputShape(graph, op);
  int64_t axis = op.as<AxisParams>().axis;
  if (axis < 0) axis += input.rank();
  if (axis < 0 || axis > input.rank()) {
    return OpError(op, ErrorKind::kInvalid, "axis {} is outside {}", op.as<AxisParams>().axis,
                   ToString(input));
  }
  const int split = static_cast<int>(axis);
  return Shape{input.elements(0, split), input.elements(split, input.rank())};
}

std::vector<int64_t> PermutationOf(const Graph& graph, const Op& op) {
  std::vector<int64_t> permutation = op.as<TransposeParams>().permutation;
  if (permutation.empty()) {
    for (int64_t axis = InputShape(graph, op).rank(); axis-- > 0;) permutation.push_back(axis);
  }
  return permutation;
}

Result<Shape> TransposeShape(const Graph& graph, const Op& op) {
  const Shape& input = InputShape(graph, op);
  const std::vector<int64_t> permutation = PermutationOf(graph, op);
  std::vector<int64_t> expected(static_cast<size_t>(input.rank()));  // kMaxRank at most
  std::iota(expected.begin(), expected.end(), 0);
  if (!std::is_permutation(expected.begin(), expected.end(), permutation.begin(),
                           permutation.end())) {
    return OpError(op, ErrorKind::kInvalid, "{} does not permute the axes of {}",
                   ToString(Shape(permutation)), ToString(input));
  }
  std::vector<int64_t> dims;
  for (const int64_t axis : permutation) dims.push_back(input[static_cast<int>(axis)]);
  return Shape(dims);
}

Result<Shape> SqueezeShape(const Graph& graph, const Op& op) {
  const Shape& input = InputShape(graph, op);
  DISCO_ASSIGN(const std::vector<int> axes, AxesOf(graph, op, input.rank()));
  std::vector<int64_t> dims;
  for (int axis = 0; axis < input.rank(); ++axis) {
    const bool listed = std::binary_search(axes.begin(), axes.end(), axis);
    if (listed && input[axis] != 1) {
      return OpError(op, ErrorKind::kInvalid, "axis {} of {} is not 1", axis, ToString(input));
    }
    const bool drop = op.HasInput(1) ? listed : input[axis] == 1;
    if (!drop) dims.push_back(input[axis]);
  }
  return Shape(dims);
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

Result<Shape> UnsqueezeShape(const Graph& graph, const Op& op) {
  const Shape& input = InputShape(graph, op);
  DISCO_ASSIGN(const std::vector<int64_t> given, ConstantIndices(graph, op, 1));
  const int rank = input.rank() + static_cast<int>(given.size());
  DISCO_ASSIGN(const std::vector<int> axes, AxesOf(graph, op, rank));
  std::vector<int64_t> dims;
  for (int axis = 0, from = 0; axis < rank; ++axis) {
    dims.push_back(std::binary_search(axes.begin(), axes.end(), axis) ? 1 : input[from++]);
  }
  return Shape(dims);
}

Result<Shape> PadShape(const Graph& graph, const Op& op) {
  Shape shape = InputShape(graph, op);
  DISCO_ASSIGN(const Pads pads, PadsOf(graph, op));
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const auto i = static_cast<size_t>(axis);
    const int64_t extent = shape[axis];
    const PadMode mode = op.as<PadParams>().mode;
    const int64_t reach = std::max(pads.begin[i], pads.end[i]);
    const bool fits = mode == PadMode::kConstant || reach <= 0 ||
                      (mode == PadMode::kReflect ? reach < extent : extent > 0);
    if (!fits || pads.begin[i] < -extent || pads.end[i] < -extent ||
        extent + pads.begin[i] + pads.end[i] < 0) {
      return OpError(op, ErrorKind::kInvalid, "cannot pad axis {} of {} by {} and {}", axis,
                     ToString(InputShape(graph, op)), pads.begin[i], pads.end[i]);
    }
    shape[axis] = extent + pads.begin[i] + pads.end[i];
  }
  return shape;
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

Result<Shape> ConcatShape(const Graph& graph, const Op& op) {
  Shape shape = InputShape(graph, op);
  const auto axis = NormalizeAxis(op.as<AxisParams>().axis, shape.rank());
  if (!axis) return OpError(op, ErrorKind::kInvalid, "{}", axis.error().message);
  for (size_t slot = 1; slot < op.inputs.size(); ++slot) {
    const Shape& next = InputShape(graph, op, slot);
    bool fits = next.rank() == shape.rank() && shape[*axis] <= kMaxElements;
    for (int i = 0; fits && i < shape.rank(); ++i) fits = i == *axis || next[i] == shape[i];
    if (!fits) {
      return OpError(op, ErrorKind::kInvalid, "cannot join {} and {} along axis {}",
                     ToString(InputShape(graph, op)), ToString(next), *axis);
    }
    shape[*axis] += next[*axis];
  }
  return shape;
}

Result<std::vector<int64_t>> GatheredIndices(const Graph& graph, const Op& op) {
  const Shape& input = InputShape(graph, op);
  const auto axis = NormalizeAxis(op.as<AxisParams>().axis, input.rank());
  if (!axis) return OpError(op, ErrorKind::kInvalid, "{}", axis.error().message);
  const int64_t extent = input[*axis];
  DISCO_ASSIGN(std::vector<int64_t> indices, ConstantIndices(graph, op, 1));
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

Result<Shape> GatherShape(const Graph& graph, const Op& op) {
  if (const auto indices = GatheredIndices(graph, op); !indices)
    return tl::unexpected(indices.error());
  std::vector<int64_t> dims = InputShape(graph, op).dims();
  const Shape& indices = InputShape(graph, op, 1);
  const auto place =
      dims.begin() + *NormalizeAxis(op.as<AxisParams>().axis, InputShape(graph, op).rank());
  dims.insert(dims.erase(place), indices.begin(), indices.end());
  return Shape(std::move(dims));
}

}  // namespace disco
