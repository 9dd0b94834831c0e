// SPDX-License-Identifier: Apache-2.0
// Tensor: a dense row-major array with a shape and an element type.
//
// Copies share their elements until one of them is written (copy on write), so passing weights
// around is free. Elements start at a 64-byte boundary unless the tensor views foreign memory (a
// mapped file). Thread rule: distinct Tensor objects may be read from distinct threads, also when
// they share elements; writing needs that no other thread copies the same object at that moment.
#pragma once

#include <cassert>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "disco/tensor/dtype.h"
#include "disco/tensor/shape.h"

namespace disco {

class Tensor {
 public:
  Tensor() = default;  // a scalar without elements; only good to be assigned to
  // All elements zero.
  Tensor(DType dtype, Shape shape);

  template <class T>
  static Tensor From(Shape shape, std::span<const T> elements) {
    Tensor tensor(DTypeOf<T>(), std::move(shape));
    assert(static_cast<size_t>(tensor.elements()) == elements.size());
    std::copy(elements.begin(), elements.end(), tensor.MutableData<T>().begin());
    return tensor;
  }
  template <class T>
  static Tensor From(Shape shape, std::initializer_list<T> elements) {
    return From<T>(std::move(shape), std::span<const T>(elements.begin(), elements.size()));
  }
  // A rank-1 tensor of int64, as ONNX uses for shapes and axes.
  static Tensor Indices(const std::vector<int64_t>& elements) {
    return From<int64_t>({static_cast<int64_t>(elements.size())},
                         std::span<const int64_t>(elements));
  }
  static Tensor Scalar(float value) { return From<float>({}, {value}); }
  // Views `data` (at least the bytes of dtype x shape), keeping its owner alive; a write copies
  // first.
  static Tensor View(DType dtype, Shape shape, std::shared_ptr<const std::byte> data);

  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  int64_t elements() const { return shape_.elements(); }
  size_t size_bytes() const { return static_cast<size_t>(elements()) * SizeOf(dtype_); }

  template <class T>
  std::span<const T> Data() const {
    assert(dtype_ == DTypeOf<T>());
    return {reinterpret_cast<const T*>(data_.get()), static_cast<size_t>(elements())};
  }
  template <class T>
  std::span<T> MutableData() {
    assert(dtype_ == DTypeOf<T>());
    return {reinterpret_cast<T*>(MutableBytes().data()), static_cast<size_t>(elements())};
  }
  std::span<const std::byte> bytes() const { return {data_.get(), size_bytes()}; }
  std::span<std::byte> MutableBytes();

  // The same elements under another shape with as many elements.
  Tensor Reshaped(Shape shape) const;

 private:
  DType dtype_ = DType::kF32;
  Shape shape_{0};
  std::shared_ptr<const std::byte> data_;
  bool foreign_ = false;
};

// Whether the bytes are values of the element type: false for a bool that is neither 0 nor 1, which
// C++ must not even read. To be asked of every tensor from a file.
bool HoldsValues(const Tensor& tensor);

// Whether an element is not a number; false for types that hold only numbers.
bool HoldsNan(const Tensor& tensor);
// Whether there is an infinity or NaN; looks at bits, so that it sets no floating-point flags.
bool HoldsNonFinite(std::span<const float> numbers);
bool HoldsNonFinite(const Tensor& tensor);

}  // namespace disco
