// SPDX-License-Identifier: Apache-2.0
#include "disco/train/torch_tensor.h"

#include <cstring>

namespace disco {
namespace {

// LibTorch 1.13 has no unsigned types above 8 bits; those hold shapes and indices only, which are
// read as parameters and never reach it.
at::ScalarType ScalarTypeOf(DType dtype) {
  switch (dtype) {
    case DType::kF64:
      return at::kDouble;
    case DType::kI8:
      return at::kChar;
    case DType::kI16:
    case DType::kU16:
      return at::kShort;
    case DType::kI32:
    case DType::kU32:
      return at::kInt;
    case DType::kI64:
    case DType::kU64:
      return at::kLong;
    case DType::kU8:
      return at::kByte;
    case DType::kBool:
      return at::kBool;
    case DType::kF32:
      break;
  }
  return at::kFloat;
}

}  // namespace

at::Tensor ViewAsTorch(const Tensor& tensor) {
  // from_blob wants a mutable pointer; nothing writes through it.
  return at::from_blob(const_cast<std::byte*>(tensor.bytes().data()), tensor.shape().dims(),
                       at::TensorOptions(ScalarTypeOf(tensor.dtype())));
}

at::Tensor ToTorch(const Tensor& tensor) { return ViewAsTorch(tensor).clone(); }

Tensor FromTorch(const at::Tensor& tensor) {
  const at::Tensor rows = tensor.detach().to(at::kFloat).contiguous();
  Tensor result(DType::kF32, Shape(rows.sizes().vec()));
  if (rows.numel() > 0) {
    std::memcpy(result.MutableBytes().data(), rows.data_ptr<float>(), result.size_bytes());
  }
  return result;
}

}  // namespace disco
