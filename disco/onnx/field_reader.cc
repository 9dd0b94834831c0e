// SPDX-License-Identifier: Apache-2.0
#include "disco/onnx/field_reader.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "disco/onnx/tensor.h"

namespace disco {
namespace {

bool IsIndex(int64_t value) { return value >= 0 && value <= std::numeric_limits<int32_t>::max(); }

Result<FillParams> NumberOf(const onnx::TensorProto& proto) {
  ExternalFiles none;
  DISCO_ASSIGN(const Tensor tensor, TensorFromOnnx(proto, none));
  if (tensor.elements() != 1) return Fail(ErrorKind::kInvalid, "value has to be one number");
  FillParams params{.dtype = tensor.dtype()};
  params.value = VisitDType(tensor.dtype(),
                            [&]<class T>() { return static_cast<double>(tensor.Data<T>()[0]); });
  if (SizeOf(tensor.dtype()) == 8 && tensor.dtype() != DType::kF64 &&
      std::abs(params.value) > 0x1p53) {
    return Fail(ErrorKind::kUnsupported, "value {} is beyond 2^53", params.value);
  }
  return params;
}

}  // namespace

void FieldReader::Fails(ErrorKind kind, std::string message) {
  if (status_) status_ = tl::unexpected(Error{kind, std::move(message)});
}

void FieldReader::Int(std::string_view name, int64_t& value) {
  value = attributes_.Int(name, value);
}

void FieldReader::Required(std::string_view name, int64_t& value) {
  if (!attributes_.Has(name)) Refuse(fmt::format("{} is missing", name));
  Int(name, value);
}

void FieldReader::Index(std::string_view name, int32_t& value) {
  const int64_t read = attributes_.Int(name, -1);
  if (!IsIndex(read)) return Refuse(fmt::format("{} is {}", name, read));
  value = static_cast<int32_t>(read);
}

void FieldReader::Float(std::string_view name, float& value) {
  value = attributes_.Float(name, value);
}

void FieldReader::Text(std::string_view name, std::string& value) {
  value = attributes_.Text(name, value);
}

void FieldReader::Flag(std::string_view name, bool& value, bool fallback) {
  value = attributes_.Int(name, fallback ? 1 : 0) != 0;
}

void FieldReader::PerAxis(std::string_view name, std::vector<int64_t>& values) {
  values = attributes_.Ints(name);
  if (values.size() > 2 * kMaxRank)
    Refuse(fmt::format("{} has {} numbers, more than {}", name, values.size(), 2 * kMaxRank));
}

void FieldReader::Indices(std::string_view name, std::vector<int64_t>& values) {
  values = attributes_.Ints(name);
  if (const auto wrong = std::ranges::find_if_not(values, IsIndex); wrong != values.end())
    Refuse(fmt::format("{} holds {}", name, *wrong));
}

void FieldReader::Floats(std::string_view name, std::vector<float>& values) {
  values = attributes_.Floats(name);
}

void FieldReader::Number(std::string_view name, FillParams& value) {
  const auto* proto = attributes_.Tensor(name);
  if (proto == nullptr) return;
  auto number = NumberOf(*proto);
  if (!number) return Fails(number.error().kind, number.error().message);
  value = *number;
}

void FieldReader::Only(std::string_view name, int64_t value) {
  if (const int64_t read = attributes_.Int(name, value); read != value)
    Fails(ErrorKind::kUnsupported, fmt::format("{} is {}; only {} is known", name, read, value));
}

void FieldReader::Choose(std::string_view name, std::span<const std::string_view> names,
                         size_t& position) {
  const std::string read = attributes_.Text(name, names[position]);
  const auto found = std::ranges::find(names, read);
  if (found == names.end())
    return Fails(ErrorKind::kUnsupported,
                 fmt::format("{} is '{}'; it may be {}", name, read, fmt::join(names, ", ")));
  position = static_cast<size_t>(found - names.begin());
}

}  // namespace disco
