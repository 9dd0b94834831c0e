// SPDX-License-Identifier: Apache-2.0
#include "disco/tensor/tensor.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "disco/tensor/memory.h"

namespace disco {
namespace {

std::shared_ptr<std::byte> Allocate(size_t size) {
  return {TakeMemory(size), [size](std::byte* memory) { ReturnMemory(memory, size); }};
}

}  // namespace

Tensor::Tensor(DType dtype, Shape shape) : dtype_(dtype), shape_(std::move(shape)) {
  auto data = Allocate(size_bytes());
  std::memset(data.get(), 0, size_bytes());
  data_ = std::move(data);
}

Tensor Tensor::View(DType dtype, Shape shape, std::shared_ptr<const std::byte> data) {
  if (shape.elements() == 0) return Tensor(dtype, std::move(shape));  // `data` may be null
  Tensor tensor;
  tensor.dtype_ = dtype;
  tensor.shape_ = std::move(shape);
  tensor.data_ = std::move(data);
  tensor.foreign_ = true;
  return tensor;
}

std::span<std::byte> Tensor::MutableBytes() {
  if (foreign_ || data_.use_count() != 1) {
    auto copy = Allocate(size_bytes());
    if (size_bytes() > 0) std::memcpy(copy.get(), data_.get(), size_bytes());
    data_ = std::move(copy);
    foreign_ = false;
  }
  return {const_cast<std::byte*>(data_.get()), size_bytes()};
}

Tensor Tensor::Reshaped(Shape shape) const {
  assert(shape.elements() == elements());
  Tensor result = *this;
  result.shape_ = std::move(shape);
  return result;
}

bool HoldsValues(const Tensor& tensor) {
  return tensor.dtype() != DType::kBool ||
         std::ranges::all_of(tensor.bytes(), [](std::byte b) { return b <= std::byte{1}; });
}

bool HoldsNan(const Tensor& tensor) {
  return tensor.dtype() == DType::kF32 &&
         std::ranges::any_of(tensor.Data<float>(),
                             [](float element) { return std::isnan(element); });
}

bool HoldsNonFinite(std::span<const float> numbers) {
  constexpr uint32_t kExponent = 0x7f800000;
  uint32_t found = 0;
  for (const float number : numbers)
    found |= (std::bit_cast<uint32_t>(number) & kExponent) == kExponent ? 1u : 0u;
  return found != 0;
}

bool HoldsNonFinite(const Tensor& tensor) {
  return tensor.dtype() == DType::kF32 && HoldsNonFinite(tensor.Data<float>());
}

}  // namespace disco
