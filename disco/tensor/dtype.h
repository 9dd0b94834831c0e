// SPDX-License-Identifier: Apache-2.0
// Element types of tensors. Values are computed in kF32 wherever a network is trained or run fast;
// the others carry shapes, indices and the conformance tests of ONNX.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace disco {

enum class DType : uint8_t { kF32, kF64, kI8, kI16, kI32, kI64, kU8, kU16, kU32, kU64, kBool };

size_t SizeOf(DType dtype);
std::string_view Name(DType dtype);  // "float32", "int64", ...

template <class T>
constexpr DType DTypeOf();
template <>
constexpr DType DTypeOf<float>() {
  return DType::kF32;
}
template <>
constexpr DType DTypeOf<double>() {
  return DType::kF64;
}
template <>
constexpr DType DTypeOf<int8_t>() {
  return DType::kI8;
}
template <>
constexpr DType DTypeOf<int16_t>() {
  return DType::kI16;
}
template <>
constexpr DType DTypeOf<int32_t>() {
  return DType::kI32;
}
template <>
constexpr DType DTypeOf<int64_t>() {
  return DType::kI64;
}
template <>
constexpr DType DTypeOf<uint8_t>() {
  return DType::kU8;
}
template <>
constexpr DType DTypeOf<uint16_t>() {
  return DType::kU16;
}
template <>
constexpr DType DTypeOf<uint32_t>() {
  return DType::kU32;
}
template <>
constexpr DType DTypeOf<uint64_t>() {
  return DType::kU64;
}
template <>
constexpr DType DTypeOf<bool>() {
  return DType::kBool;
}

// Calls `function.template operator()<T>()` with the C++ type of `dtype`.
template <class Function>
decltype(auto) VisitDType(DType dtype, Function&& function) {
  switch (dtype) {
    case DType::kF64:
      return function.template operator()<double>();
    case DType::kI8:
      return function.template operator()<int8_t>();
    case DType::kI16:
      return function.template operator()<int16_t>();
    case DType::kI32:
      return function.template operator()<int32_t>();
    case DType::kI64:
      return function.template operator()<int64_t>();
    case DType::kU8:
      return function.template operator()<uint8_t>();
    case DType::kU16:
      return function.template operator()<uint16_t>();
    case DType::kU32:
      return function.template operator()<uint32_t>();
    case DType::kU64:
      return function.template operator()<uint64_t>();
    case DType::kBool:
      return function.template operator()<bool>();
    case DType::kF32:
      break;
  }
  return function.template operator()<float>();
}

}  // namespace disco
