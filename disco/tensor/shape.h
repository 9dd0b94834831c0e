// SPDX-License-Identifier: Apache-2.0
// The extents of a tensor, outermost first: [N, C, H, W]. Thread rule: plain values.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "disco/base/result.h"

namespace disco {

class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<int64_t> dims) : dims_(dims) {}
  explicit Shape(std::vector<int64_t> dims) : dims_(std::move(dims)) {}

  int rank() const { return static_cast<int>(dims_.size()); }
  int64_t operator[](int axis) const { return dims_[static_cast<size_t>(axis)]; }
  int64_t& operator[](int axis) { return dims_[static_cast<size_t>(axis)]; }
  const std::vector<int64_t>& dims() const { return dims_; }
  auto begin() const { return dims_.begin(); }
  auto end() const { return dims_.end(); }
  friend bool operator==(const Shape&, const Shape&) = default;

  // Product of all extents; 1 for a scalar.
  int64_t elements() const;
  // Product of the extents in [first, last).
  int64_t elements(int first, int last) const;
  // Elements between neighbours along each axis, row-major.
  std::vector<int64_t> strides() const;

 private:
  std::vector<int64_t> dims_;
};

// "[1, 3, 224, 224]"; of a list that is no shape the first extents and their count.
std::string ToString(const Shape& shape);

// Largest tensor that is accepted from a file or peer, in elements: far above any network, far
// below overflow.
inline constexpr int64_t kMaxElements = int64_t{1} << 36;

// Most axes of a tensor, as in oneDNN. Some kernels recurse over the axes.
inline constexpr int kMaxRank = 12;

// Errors: kInvalid for a negative extent, more than kMaxElements or more than kMaxRank axes.
Status CheckShape(const Shape& shape);

// Axis counted from the end when negative, as in ONNX. Errors: kInvalid when out of [-rank, rank).
Result<int> NormalizeAxis(int64_t axis, int rank);

// The shape both broadcast to by the rules of NumPy. Errors: kInvalid naming both shapes.
Result<Shape> BroadcastShapes(const Shape& a, const Shape& b);

}  // namespace disco
