// SPDX-License-Identifier: Apache-2.0
#include "disco/onnx/tensor.h"

#include <charconv>
#include <cstring>

namespace disco {
namespace {

struct TypePair {
  int onnx;
  DType dtype;
};

constexpr TypePair kTypes[] = {
    {onnx::TensorProto::FLOAT, DType::kF32},  {onnx::TensorProto::DOUBLE, DType::kF64},
    {onnx::TensorProto::INT8, DType::kI8},    {onnx::TensorProto::INT16, DType::kI16},
    {onnx::TensorProto::INT32, DType::kI32},  {onnx::TensorProto::INT64, DType::kI64},
    {onnx::TensorProto::UINT8, DType::kU8},   {onnx::TensorProto::UINT16, DType::kU16},
    {onnx::TensorProto::UINT32, DType::kU32}, {onnx::TensorProto::UINT64, DType::kU64},
    {onnx::TensorProto::BOOL, DType::kBool},
};

struct ExternalRange {
  std::string location;
  size_t offset = 0, length = 0;
  bool has_length = false;
};

Result<ExternalRange> RangeOf(const onnx::TensorProto& proto) {
  ExternalRange range;
  for (const auto& entry : proto.external_data()) {
    if (entry.key() == "location") range.location = entry.value();
    if (entry.key() != "offset" && entry.key() != "length") continue;
    size_t number = 0;
    const std::string& text = entry.value();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) {
      return Fail(ErrorKind::kInvalid, "external data: {} is '{}'", entry.key(), text);
    }
    (entry.key() == "offset" ? range.offset : range.length) = number;
    range.has_length = range.has_length || entry.key() == "length";
  }
  return range;
}

Result<Tensor> ReadExternal(const onnx::TensorProto& proto, DType dtype, const Shape& shape,
                            ExternalFiles& files) {
  DISCO_ASSIGN(const ExternalRange range, RangeOf(proto));
  DISCO_ASSIGN(const MappedFile file, files.Open(range.location));
  const size_t size = static_cast<size_t>(shape.elements()) * SizeOf(dtype);
  if ((range.has_length && range.length != size) || range.offset > file.size ||
      size > file.size - range.offset) {
    return Fail(ErrorKind::kInvalid, "external data: {} bytes at {} are not in {} of {} bytes",
                size, range.offset, range.location, file.size);
  }
  const std::byte* start = file.data.get() + range.offset;
  if (reinterpret_cast<uintptr_t>(start) % SizeOf(dtype) == 0) {
    return Tensor::View(dtype, shape, std::shared_ptr<const std::byte>(file.data, start));
  }
  Tensor copy(dtype, shape);
  std::memcpy(copy.MutableBytes().data(), start, size);
  return copy;
}

// Elements from one of the typed lists of the message.
template <class T, class List>
Result<Tensor> FromList(const List& list, const Shape& shape) {
  if (list.size() != shape.elements()) {
    return Fail(ErrorKind::kInvalid, "shape {} does not fit {} elements", ToString(shape),
                list.size());
  }
  Tensor tensor(DTypeOf<T>(), shape);
  auto data = tensor.MutableData<T>();
  for (int i = 0; i < list.size(); ++i) data[static_cast<size_t>(i)] = static_cast<T>(list[i]);
  return tensor;
}

Result<Tensor> FromLists(const onnx::TensorProto& proto, DType dtype, const Shape& shape) {
  switch (dtype) {
    case DType::kF32:
      return FromList<float>(proto.float_data(), shape);
    case DType::kF64:
      return FromList<double>(proto.double_data(), shape);
    case DType::kI64:
      return FromList<int64_t>(proto.int64_data(), shape);
    case DType::kU64:
      return FromList<uint64_t>(proto.uint64_data(), shape);
    case DType::kU32:
      return FromList<uint32_t>(proto.uint64_data(), shape);
    default:
      break;
  }
  return VisitDType(dtype, [&]<class T>() { return FromList<T>(proto.int32_data(), shape); });
}

// `from_raw(dtype, shape)` makes the tensor of a message that holds its elements as bytes.
template <class FromRaw>
Result<Tensor> Read(const onnx::TensorProto& proto, ExternalFiles& files, FromRaw from_raw) {
  auto read = [&]() -> Result<Tensor> {
    DISCO_ASSIGN(const DType dtype, DTypeFromOnnx(proto.data_type()));
    const Shape shape(std::vector<int64_t>(proto.dims().begin(), proto.dims().end()));
    DISCO_TRY(CheckShape(shape));
    if (proto.data_location() == onnx::TensorProto::EXTERNAL)
      return ReadExternal(proto, dtype, shape, files);
    if (!proto.has_raw_data()) return FromLists(proto, dtype, shape);
    if (proto.raw_data().size() != static_cast<size_t>(shape.elements()) * SizeOf(dtype)) {
      return Fail(ErrorKind::kInvalid, "shape {} does not fit {} bytes", ToString(shape),
                  proto.raw_data().size());
    }
    return from_raw(dtype, shape);
  };
  auto tensor = read();
  if (tensor && !HoldsValues(*tensor))
    tensor = Fail(ErrorKind::kInvalid, "a truth value is neither 0 nor 1");
  if (!tensor) return At(fmt::format("tensor '{}'", proto.name()), tensor.error());
  return tensor;
}

}  // namespace

Result<MappedFile> ExternalFiles::Open(const std::string& location) {
  if (!folder_) {
    return Fail(ErrorKind::kUnsupported,
                "external data: '{}' is outside; here a network has to hold its weights itself",
                location);
  }
  const Path path(location);
  bool inside = !location.empty() && path.is_relative();
  for (const Path& part : path) inside = inside && part != "..";
  if (!inside) {
    return Fail(ErrorKind::kInvalid, "external data: '{}' is not a file beside the network",
                location);
  }
  if (const auto known = files_.find(location); known != files_.end()) return known->second;
  DISCO_ASSIGN(MappedFile file, MapFile(*folder_ / path));
  return files_.emplace(location, std::move(file)).first->second;
}

Result<DType> DTypeFromOnnx(int type) {
  for (const TypePair& pair : kTypes) {
    if (pair.onnx == type) return pair.dtype;
  }
  const auto known = static_cast<onnx::TensorProto::DataType>(type);
  return Fail(ErrorKind::kUnsupported,
              "elements of type {} are not supported; convert the network to float32",
              onnx::TensorProto::DataType_IsValid(type) ? onnx::TensorProto::DataType_Name(known)
                                                        : std::to_string(type));
}

int OnnxFromDType(DType dtype) {
  for (const TypePair& pair : kTypes) {
    if (pair.dtype == dtype) return pair.onnx;
  }
  return onnx::TensorProto::UNDEFINED;
}

Result<Tensor> TensorFromOnnx(const onnx::TensorProto& proto, ExternalFiles& files) {
  return Read(proto, files, [&](DType dtype, const Shape& shape) {
    Tensor tensor(dtype, shape);
    std::memcpy(tensor.MutableBytes().data(), proto.raw_data().data(), proto.raw_data().size());
    return tensor;
  });
}

Result<Tensor> TakeFromOnnx(onnx::TensorProto& proto, ExternalFiles& files) {
  return Read(proto, files, [&](DType dtype, const Shape& shape) {
    const std::shared_ptr<const std::string> bytes(proto.release_raw_data());
    const auto* start = reinterpret_cast<const std::byte*>(bytes->data());
    return Tensor::View(dtype, shape, std::shared_ptr<const std::byte>(bytes, start));
  });
}

void TensorToOnnx(const Tensor& tensor, onnx::TensorProto& proto) {
  proto.set_data_type(OnnxFromDType(tensor.dtype()));
  for (const int64_t extent : tensor.shape()) proto.add_dims(extent);
  proto.set_raw_data(tensor.bytes().data(), tensor.size_bytes());
}

}  // namespace disco
