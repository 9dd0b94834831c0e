// SPDX-License-Identifier: Apache-2.0
#include "disco/train/checkpoint.h"

#include <cstring>
#include <nlohmann/json.hpp>

#include "disco/base/hash.h"

namespace disco {
namespace {

constexpr size_t kLengthBytes = 8;
constexpr size_t kMaxHeader = 100'000'000;  // as the format's own reader accepts
constexpr const char* kTexts = "__metadata__";
constexpr const char* kHash = "disco.hash";  // among the texts: of all else

using Json = nlohmann::ordered_json;

uint64_t ReadLength(std::span<const std::byte> bytes) {
  uint64_t length = 0;
  for (size_t i = 0; i < kLengthBytes; ++i) length |= uint64_t(bytes[i]) << (8 * i);
  return length;
}

std::string HashOf(const Checkpoint& checkpoint) {
  std::string all;
  for (const auto& [name, text] : checkpoint.texts)
    all += HashText(Hash(name)) + HashText(Hash(text));
  for (const auto& [name, tensor] : checkpoint.tensors)
    all += HashText(Hash(name)) + ToString(tensor.shape()) + HashText(Hash(tensor.bytes()));
  return HashText(Hash(all));
}

// One entry of the header: a float tensor somewhere in `data`.
Result<Tensor> ReadTensor(const Json& entry, std::span<const std::byte> data) {
  if (entry.at("dtype").get<std::string>() != "F32") {
    return Fail(ErrorKind::kInvalid, "a tensor is not of float32");
  }
  const Shape shape(entry.at("shape").get<std::vector<int64_t>>());
  DISCO_TRY(CheckShape(shape));
  const auto begin = entry.at("data_offsets").at(0).get<uint64_t>();
  const auto end = entry.at("data_offsets").at(1).get<uint64_t>();
  const auto size = static_cast<uint64_t>(shape.elements()) * sizeof(float);
  if (begin > end || end > data.size() || end - begin != size) {
    return Fail(ErrorKind::kInvalid, "a tensor does not lie inside the file");
  }
  Tensor tensor(DType::kF32, shape);
  if (size > 0) std::memcpy(tensor.MutableBytes().data(), data.data() + begin, size);
  return tensor;
}

Result<Checkpoint> Parse(std::span<const std::byte> bytes) {
  if (bytes.size() < kLengthBytes) return Fail(ErrorKind::kInvalid, "the file is cut short");
  const uint64_t length = ReadLength(bytes);
  if (length > kMaxHeader || length > bytes.size() - kLengthBytes) {
    return Fail(ErrorKind::kInvalid, "the file is cut short or no checkpoint");
  }
  const auto* text = reinterpret_cast<const char*>(bytes.data() + kLengthBytes);
  const Json header = Json::parse(text, text + length);
  Checkpoint checkpoint;
  for (const auto& [name, entry] : header.items()) {
    if (name == kTexts) {
      checkpoint.texts = entry.get<std::map<std::string, std::string>>();
      continue;
    }
    DISCO_ASSIGN(checkpoint.tensors[name], ReadTensor(entry, bytes.subspan(kLengthBytes + length)));
  }
  const auto hash = checkpoint.texts.extract(kHash);
  if (hash.empty() || hash.mapped() != HashOf(checkpoint))
    return Fail(ErrorKind::kInvalid,
                "its content is not what was written; remove it to start anew");
  return checkpoint;
}

}  // namespace

Status WriteCheckpoint(const Checkpoint& checkpoint, const Path& path) {
  for (const auto& [name, tensor] : checkpoint.tensors) {
    if (!HoldsNonFinite(tensor)) continue;
    return Fail(ErrorKind::kInvalid, "{}: not written, for '{}' holds NaN or infinity",
                path.string(), name);
  }
  Json header;
  header[kTexts] = checkpoint.texts;
  header[kTexts][kHash] = HashOf(checkpoint);
  uint64_t offset = 0;
  for (const auto& [name, tensor] : checkpoint.tensors) {
    const uint64_t end = offset + tensor.size_bytes();
    header[name] = {
        {"dtype", "F32"}, {"shape", tensor.shape().dims()}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.resize((text.size() + 7) / 8 * 8, ' ');
  std::string file;
  file.reserve(kLengthBytes + text.size() + offset);
  for (size_t i = 0; i < kLengthBytes; ++i) file += static_cast<char>(text.size() >> (8 * i));
  file += text;
  for (const auto& [name, tensor] : checkpoint.tensors) {
    file.append(reinterpret_cast<const char*>(tensor.bytes().data()), tensor.size_bytes());
  }
  return WriteFile(path, file);
}

Result<Checkpoint> ReadCheckpoint(const Path& path) {
  DISCO_ASSIGN(const MappedFile file, MapFile(path));
  try {
    auto checkpoint = Parse(file.bytes());
    if (!checkpoint) return At(path.string(), checkpoint.error());
    return checkpoint;
  } catch (const Json::exception& error) {
    return Fail(ErrorKind::kInvalid, "{}: no checkpoint of disco: {}", path.string(), error.what());
  }
}

}  // namespace disco
