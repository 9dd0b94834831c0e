// SPDX-License-Identifier: Apache-2.0
#include "disco/tensor/npy.h"

#include <fmt/ranges.h>

#include <array>
#include <charconv>
#include <cstring>

namespace disco {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kPrefix = 10;         // magic, version, 16-bit header length
constexpr size_t kDataAlignment = 64;  // of the elements in the file
constexpr std::array<std::pair<std::string_view, DType>, 11> kDescriptions = {{
    {"<f4", DType::kF32},
    {"<f8", DType::kF64},
    {"|i1", DType::kI8},
    {"<i2", DType::kI16},
    {"<i4", DType::kI32},
    {"<i8", DType::kI64},
    {"|u1", DType::kU8},
    {"<u2", DType::kU16},
    {"<u4", DType::kU32},
    {"<u8", DType::kU64},
    {"|b1", DType::kBool},
}};

// What follows "'key':" in the header, a Python literal, up to the next comma or brace outside
// brackets.
std::string_view Field(std::string_view header, std::string_view key) {
  const size_t start = header.find(fmt::format("'{}':", key));
  if (start == std::string_view::npos) return {};
  std::string_view rest = header.substr(start + key.size() + 3);
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  const size_t end = rest.starts_with('(') ? rest.find(')') : rest.find_first_of(",}");
  return rest.substr(0, end);
}

Result<Shape> ShapeFrom(std::string_view text) {
  if (!text.starts_with('(')) return Fail(ErrorKind::kInvalid, "its header has no shape");
  std::vector<int64_t> dims;
  for (text.remove_prefix(1); !text.empty();) {
    int64_t extent = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), extent);
    if (error != std::errc()) return Fail(ErrorKind::kInvalid, "its shape cannot be read");
    dims.push_back(extent);
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    text.remove_prefix(std::min(text.find_first_not_of(", "), text.size()));
  }
  Shape shape(std::move(dims));
  DISCO_TRY(CheckShape(shape));
  return shape;
}

Result<Tensor> Parse(std::string_view file) {
  if (file.size() < kPrefix || !file.starts_with(kMagic))
    return Fail(ErrorKind::kInvalid, "this is not a .npy file");
  if (file[6] < 1 || file[6] > 3)
    return Fail(ErrorKind::kUnsupported, "format version {} is not known",
                static_cast<unsigned char>(file[6]));
  const bool wide = file[6] >= 2;  // from version 2 the length has 32 bits
  const size_t length_size = wide ? 4 : 2;
  uint32_t length = 0;
  if (file.size() < kMagic.size() + 2 + length_size)
    return Fail(ErrorKind::kInvalid, "it is cut short");
  std::memcpy(&length, file.data() + kMagic.size() + 2, length_size);
  file.remove_prefix(kMagic.size() + 2 + length_size);
  if (length > file.size()) return Fail(ErrorKind::kInvalid, "it is cut short");
  const std::string_view header = file.substr(0, length);
  const std::string_view elements = file.substr(length);
  if (Field(header, "fortran_order") != "False")
    return Fail(ErrorKind::kUnsupported,
                "it is in Fortran order; save numpy.ascontiguousarray of it");
  DISCO_ASSIGN(Shape shape, ShapeFrom(Field(header, "shape")));
  for (const auto& [description, dtype] : kDescriptions) {
    if (Field(header, "descr") != fmt::format("'{}'", description)) continue;
    if (elements.size() != static_cast<size_t>(shape.elements()) * SizeOf(dtype)) {
      return Fail(ErrorKind::kInvalid, "{} bytes do not fit shape {}", elements.size(),
                  ToString(shape));
    }
    Tensor tensor(dtype, std::move(shape));
    std::memcpy(tensor.MutableBytes().data(), elements.data(), elements.size());
    if (!HoldsValues(tensor)) return Fail(ErrorKind::kInvalid, "a truth value is neither 0 nor 1");
    return tensor;
  }
  return Fail(ErrorKind::kUnsupported, "elements of type {} are not supported",
              Field(header, "descr"));
}

}  // namespace

Result<Tensor> ReadNpy(const Path& path) {
  DISCO_ASSIGN(const std::string file, ReadFile(path));
  auto tensor = Parse(file);
  if (!tensor) return At(path.string(), tensor.error());
  return tensor;
}

Status WriteNpy(const Tensor& tensor, const Path& path) {
  std::string_view description;
  for (const auto& [text, dtype] : kDescriptions) {
    if (dtype == tensor.dtype()) description = text;
  }
  const Shape& shape = tensor.shape();
  std::string header =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}", description,
                  fmt::join(shape.begin(), shape.end(), ", "), shape.rank() == 1 ? "," : "");
  const size_t padded =
      (kPrefix + header.size() + 1 + kDataAlignment - 1) / kDataAlignment * kDataAlignment;
  header.resize(padded - kPrefix - 1, ' ');
  header += '\n';
  const auto length = static_cast<uint16_t>(header.size());
  std::string file(kMagic);
  file += {'\1', '\0', static_cast<char>(length & 0xff), static_cast<char>(length >> 8)};
  file += header;
  file.append(reinterpret_cast<const char*>(tensor.bytes().data()), tensor.size_bytes());
  return WriteFile(path, file);
}

}  // namespace disco
