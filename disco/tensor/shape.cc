// SPDX-License-Identifier: Apache-2.0
#include "disco/tensor/shape.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace disco {

int64_t Shape::elements() const { return elements(0, rank()); }

int64_t Shape::elements(int first, int last) const {
  int64_t product = 1;
  for (int axis = first; axis < last; ++axis) product *= (*this)[axis];
  return product;
}

std::vector<int64_t> Shape::strides() const {
  std::vector<int64_t> strides(dims_.size(), 1);
  for (size_t axis = dims_.size(); axis-- > 1;) strides[axis - 1] = strides[axis] * dims_[axis];
  return strides;
}

std::string ToString(const Shape& shape) {
  constexpr int kMostShown = 2 * kMaxRank;
  if (shape.rank() <= kMostShown)
    return fmt::format("[{}]", fmt::join(shape.begin(), shape.end(), ", "));
  return fmt::format("[{}, ... {} in all]",
                     fmt::join(shape.begin(), shape.begin() + kMostShown, ", "), shape.rank());
}

Status CheckShape(const Shape& shape) {
  if (shape.rank() > kMaxRank) {
    return Fail(ErrorKind::kInvalid, "shape {} has {} axes, more than {}", ToString(shape),
                shape.rank(), kMaxRank);
  }
  int64_t elements = 1;
  for (const int64_t extent : shape) {
    if (extent < 0)
      return Fail(ErrorKind::kInvalid, "shape {} has a negative extent", ToString(shape));
    if (extent > 0 && elements > kMaxElements / extent) {
      return Fail(ErrorKind::kInvalid, "shape {} is too large", ToString(shape));
    }
    elements *= std::max<int64_t>(extent, 1);  // an empty tensor has strides, too
  }
  return {};
}

Result<int> NormalizeAxis(int64_t axis, int rank) {
  if (axis < -rank || axis >= rank) {
    return Fail(ErrorKind::kInvalid, "axis {} is outside a tensor of rank {}", axis, rank);
  }
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

Result<Shape> BroadcastShapes(const Shape& a, const Shape& b) {
  const int rank = std::max(a.rank(), b.rank());
  std::vector<int64_t> dims(static_cast<size_t>(rank));
  for (int i = 0; i < rank; ++i) {  // i counts from the last axis
    const int64_t from_a = i < a.rank() ? a[a.rank() - 1 - i] : 1;
    const int64_t from_b = i < b.rank() ? b[b.rank() - 1 - i] : 1;
    if (from_a != from_b && from_a != 1 && from_b != 1) {
      return Fail(ErrorKind::kInvalid, "shapes {} and {} do not broadcast", ToString(a),
                  ToString(b));
    }
    dims[static_cast<size_t>(rank - 1 - i)] = from_a == 1 ? from_b : from_a;
  }
  return Shape(std::move(dims));
}

}  // namespace disco
