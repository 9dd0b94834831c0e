// SPDX-License-Identifier: Apache-2.0
// Moving elements between tensors without arithmetic: picking along an axis, permuting axes.
// Errors: none; callers pass indices and axes that fit (asserted).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "disco/tensor/tensor.h"

namespace disco {

// Elements `indices` of `tensor` along `axis`, in the order given: shape as tensor, extent
// indices.size().
Tensor Gather(const Tensor& tensor, int axis, std::span<const int64_t> indices);

// Writes `part` (extent indices.size() along `axis`) to `indices` of `whole` along `axis`.
void Scatter(const Tensor& part, int axis, std::span<const int64_t> indices, Tensor& whole);

// Axis i of the result is axis permutation[i] of `tensor`.
Tensor Transpose(const Tensor& tensor, std::span<const int64_t> permutation);

// Position of `index` (row-major, over `shape`) in a tensor that broadcasts to `shape` with these
// strides. BroadcastStrides gives 0 where `from` has extent 1 or no axis.
std::vector<int64_t> BroadcastStrides(const Shape& from, const Shape& to);

}  // namespace disco
