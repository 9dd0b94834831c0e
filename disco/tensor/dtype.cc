// SPDX-License-Identifier: Apache-2.0
#include "disco/tensor/dtype.h"

namespace disco {

size_t SizeOf(DType dtype) {
  return VisitDType(dtype, []<class T>() { return sizeof(T); });
}

std::string_view Name(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return "float32";
    case DType::kF64:
      return "float64";
    case DType::kI8:
      return "int8";
    case DType::kI16:
      return "int16";
    case DType::kI32:
      return "int32";
    case DType::kI64:
      return "int64";
    case DType::kU8:
      return "uint8";
    case DType::kU16:
      return "uint16";
    case DType::kU32:
      return "uint32";
    case DType::kU64:
      return "uint64";
    case DType::kBool:
      return "bool";
  }
  return "unknown";
}

}  // namespace disco
