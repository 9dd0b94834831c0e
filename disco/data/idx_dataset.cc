// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "disco/data/dataset_kinds.h"
#include "disco/data/gzip.h"
#include "disco/data/idx.h"

namespace disco {
namespace {

constexpr Bytes kLargestFile{4'000'000'000};
constexpr int64_t kLargestSide = 1 << 14;  // pixels

// `name` or `name`.gz in the folder or in its subfolder "raw"; empty when there is none.
Path Find(const Path& folder, const std::string& name) {
  for (const Path& place : {folder, folder / "raw"}) {
    for (const char* suffix : {"", ".gz"}) {
      const Path path = place / (name + suffix);
      std::error_code ignored;
      if (std::filesystem::is_regular_file(path, ignored)) return path;
    }
  }
  return {};
}

Status ReadImages(const Path& path, PackedImages& images) {
  DISCO_ASSIGN(const std::string content, ReadMaybeGzip(path, kLargestFile));
  auto array = ParseIdx(std::as_bytes(std::span(content)));
  if (!array) return At(path.string(), std::move(array).error());
  const Shape& shape = array->shape;
  const bool fits = shape.rank() == 3 && *std::min_element(shape.begin(), shape.end()) > 0 &&
                    std::max(shape[1], shape[2]) <= kLargestSide;
  if (!fits) {
    return Fail(ErrorKind::kInvalid, "{}: {} are no pictures: [count, height, width] was expected",
                path.string(), ToString(shape));
  }
  images.height = static_cast<int>(shape[1]);
  images.width = static_cast<int>(shape[2]);
  const auto* pixels = reinterpret_cast<const uint8_t*>(array->elements.data());
  images.pixels.assign(pixels, pixels + array->elements.size());
  images.files.push_back({path.string(), 0});
  return {};
}

Result<std::vector<uint8_t>> ReadLabels(const Path& path) {
  DISCO_ASSIGN(const std::string content, ReadMaybeGzip(path, kLargestFile));
  auto array = ParseIdx(std::as_bytes(std::span(content)));
  if (!array) return At(path.string(), std::move(array).error());
  if (array->shape.rank() != 1 || array->elements.empty()) {
    return Fail(ErrorKind::kInvalid, "{}: {} are no labels: [count] was expected", path.string(),
                ToString(array->shape));
  }
  const auto* labels = reinterpret_cast<const uint8_t*>(array->elements.data());
  return std::vector<uint8_t>(labels, labels + array->elements.size());
}

// Both splits have as many classes, though the pictures of one may lack the last of them.
Result<size_t> CountClasses(const std::vector<uint8_t>& labels, const Path& labels_of_other_split) {
  uint8_t largest = std::max(uint8_t{9}, *std::ranges::max_element(labels));
  if (!labels_of_other_split.empty()) {
    DISCO_ASSIGN(const std::vector<uint8_t> others, ReadLabels(labels_of_other_split));
    largest = std::max(largest, *std::ranges::max_element(others));
  }
  return size_t{largest} + 1;
}

}  // namespace

DatasetOrNone OpenIdx(const DatasetSpec& spec) {
  const bool trains = spec.split == "train";
  const std::string prefix = trains ? "train" : "t10k", other = trains ? "t10k" : "train";
  const Path pictures = Find(spec.source, prefix + "-images-idx3-ubyte");
  if (pictures.empty()) return nullptr;
  const Path labels = Find(spec.source, prefix + "-labels-idx1-ubyte");
  if (labels.empty()) {
    return Fail(ErrorKind::kIo, "{}: {}-labels-idx1-ubyte[.gz] is missing beside it",
                pictures.string(), prefix);
  }
  PackedImages images;
  images.channels = 1;
  DISCO_TRY(ReadImages(pictures, images));
  DISCO_ASSIGN(images.labels, ReadLabels(labels));
  const size_t count = images.pixels.size() / (size_t(images.width) * size_t(images.height));
  if (images.labels.size() != count) {
    return Fail(ErrorKind::kInvalid, "{}: holds {} labels for the {} pictures of {}",
                labels.string(), images.labels.size(), count, pictures.string());
  }
  DISCO_ASSIGN(const size_t classes,
               CountClasses(images.labels, Find(spec.source, other + "-labels-idx1-ubyte")));
  images.class_names = NumberedClasses(classes);
  return MakePacked(std::move(images));
}

}  // namespace disco
