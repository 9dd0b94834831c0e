// SPDX-License-Identifier: Apache-2.0
#include "disco/onnx/field_writer.h"

#include "disco/onnx/tensor.h"

namespace disco {

void FieldWriter::Flag(std::string_view name, bool& value, bool fallback) {
  if (value != fallback) writer_.Int(name, value ? 1 : 0);
}

void FieldWriter::PerAxis(std::string_view name, std::vector<int64_t>& values) {
  if (!values.empty()) writer_.Ints(name, values);
}

// Also an empty list: a stride without entries is a stride of one.
void FieldWriter::Indices(std::string_view name, std::vector<int64_t>& values) {
  writer_.Ints(name, values);
}

void FieldWriter::Floats(std::string_view name, std::vector<float>& values) {
  if (!values.empty()) writer_.Floats(name, values);
}

void FieldWriter::Number(std::string_view name, FillParams& value) {
  Tensor tensor(value.dtype, {1});
  VisitDType(value.dtype,
             [&]<class T>() { tensor.MutableData<T>()[0] = static_cast<T>(value.value); });
  TensorToOnnx(tensor, *writer_.Tensor(name));
}

void FieldWriter::Choose(std::string_view name, std::span<const std::string_view> names,
                         size_t& position) {
  if (position != 0) writer_.Text(name, names[position]);
}

}  // namespace disco
