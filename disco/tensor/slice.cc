// SPDX-License-Identifier: Apache-2.0
#include "disco/tensor/slice.h"

#include <cstring>

namespace disco {
namespace {

// A tensor seen as [outer, extent, inner] around one axis; inner in bytes.
struct AxisView {
  AxisView(const Tensor& tensor, int axis)
      : outer(tensor.shape().elements(0, axis)),
        extent(tensor.shape()[axis]),
        inner(static_cast<size_t>(tensor.shape().elements(axis + 1, tensor.shape().rank())) *
              SizeOf(tensor.dtype())) {}
  size_t Offset(int64_t o, int64_t index) const {
    return static_cast<size_t>(o * extent + index) * inner;
  }
  int64_t outer, extent;
  size_t inner;
};

// How many of the first indices follow one another.
size_t RunLength(std::span<const int64_t> indices) {
  size_t length = 1;
  while (length < indices.size() && indices[length] == indices[length - 1] + 1) ++length;
  return length;
}

}  // namespace

Tensor Gather(const Tensor& tensor, int axis, std::span<const int64_t> indices) {
  Shape shape = tensor.shape();
  shape[axis] = static_cast<int64_t>(indices.size());
  Tensor result(tensor.dtype(), shape);
  const AxisView from(tensor, axis), to(result, axis);
  const auto source = tensor.bytes();
  const auto target = result.MutableBytes();
  for (int64_t o = 0; o < from.outer; ++o) {
    for (size_t i = 0; i < indices.size();) {
      const size_t run = RunLength(indices.subspan(i));
      assert(indices[i] >= 0 && indices[i] + static_cast<int64_t>(run) <= from.extent);
      std::memcpy(target.data() + to.Offset(o, static_cast<int64_t>(i)),
                  source.data() + from.Offset(o, indices[i]), run * from.inner);
      i += run;
    }
  }
  return result;
}

void Scatter(const Tensor& part, int axis, std::span<const int64_t> indices, Tensor& whole) {
  const AxisView from(part, axis), to(whole, axis);
  const auto source = part.bytes();
  const auto target = whole.MutableBytes();
  for (int64_t o = 0; o < from.outer; ++o) {
    for (size_t i = 0; i < indices.size(); ++i) {
      assert(indices[i] >= 0 && indices[i] < to.extent);
      std::memcpy(target.data() + to.Offset(o, indices[i]),
                  source.data() + from.Offset(o, static_cast<int64_t>(i)), from.inner);
    }
  }
}

Tensor Transpose(const Tensor& tensor, std::span<const int64_t> permutation) {
  const int rank = tensor.shape().rank();
  const std::vector<int64_t> strides = tensor.shape().strides();
  std::vector<int64_t> dims, source_strides;
  for (const int64_t axis : permutation) {
    dims.push_back(tensor.shape()[static_cast<int>(axis)]);
    source_strides.push_back(strides[static_cast<size_t>(axis)]);
  }
  Tensor result(tensor.dtype(), Shape(dims));
  const size_t size = SizeOf(tensor.dtype());
  const std::byte* source = tensor.bytes().data();
  std::byte* target = result.MutableBytes().data();
  std::vector<int64_t> index(static_cast<size_t>(rank), 0);
  int64_t from = 0;
  for (int64_t to = 0; to < result.elements(); ++to) {
    std::memcpy(target + static_cast<size_t>(to) * size, source + static_cast<size_t>(from) * size,
                size);
    for (size_t axis = index.size(); axis-- > 0;) {
      from += source_strides[axis];
      if (++index[axis] < dims[axis]) break;
      from -= index[axis] * source_strides[axis];
      index[axis] = 0;
    }
  }
  return result;
}

std::vector<int64_t> BroadcastStrides(const Shape& from, const Shape& to) {
  const std::vector<int64_t> own = from.strides();
  std::vector<int64_t> strides(static_cast<size_t>(to.rank()), 0);
  const int shift = to.rank() - from.rank();
  for (int axis = 0; axis < from.rank(); ++axis) {
    if (from[axis] != 1)
      strides[static_cast<size_t>(axis + shift)] = own[static_cast<size_t>(axis)];
  }
  return strides;
}

}  // namespace disco
