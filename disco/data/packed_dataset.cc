// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "disco/base/hash.h"
#include "disco/data/dataset_kinds.h"

namespace disco {
namespace {

class PackedDataset final : public Dataset {
 public:
  explicit PackedDataset(PackedImages images) : images_(std::move(images)) {}

  int64_t size() const override { return static_cast<int64_t>(images_.labels.size()); }
  const std::vector<std::string>& class_names() const override { return images_.class_names; }
  bool classes_are_numbered() const override {
    return images_.class_names == NumberedClasses(images_.class_names.size());
  }
  std::vector<int64_t> class_sizes() const override {
    std::vector<int64_t> sizes(images_.class_names.size());
    for (const uint8_t label : images_.labels) ++sizes[label];
    return sizes;
  }
  bool in_memory() const override { return true; }
  std::vector<DataPart> parts() const override;

  Result<Sample> Get(int64_t index) const override {
    const size_t plane = size_t(images_.width) * size_t(images_.height);
    const auto channels = static_cast<size_t>(images_.channels);
    const auto number = static_cast<size_t>(index);
    Sample sample{{images_.width, images_.height, std::vector<uint8_t>(plane * 3)},
                  ClassLabel{images_.labels[number]}};
    const uint8_t* pixels = images_.pixels.data() + number * channels * plane;
    for (size_t c = 0; c < 3; ++c) {
      const uint8_t* from = pixels + (channels == 3 ? c * plane : 0);
      for (size_t i = 0; i < plane; ++i) sample.image.rgb[3 * i + c] = from[i];
    }
    return sample;
  }

  std::string Describe(int64_t index) const override {
    const auto after = std::find_if(images_.files.begin(), images_.files.end(),
                                    [=](const auto& file) { return file.first > index; });
    const PackedImages::File& file = *std::prev(after);
    return fmt::format("{} record {}", file.path, index - file.first);
  }

 private:
  PackedImages images_;
};

std::vector<DataPart> PackedDataset::parts() const {
  const std::span<const uint8_t> labels(images_.labels), pixels(images_.pixels);
  const size_t record = pixels.size() / std::max<size_t>(labels.size(), 1);
  std::vector<DataPart> parts;
  for (size_t i = 0; i < images_.files.size(); ++i) {
    const auto first = static_cast<size_t>(images_.files[i].first);
    const size_t end = i + 1 < images_.files.size()
                           ? static_cast<size_t>(images_.files[i + 1].first)
                           : labels.size();
    const auto content = pixels.subspan(first * record, (end - first) * record);
    const std::string hashes = HashText(Hash(std::as_bytes(content))) +
                               HashText(Hash(std::as_bytes(labels.subspan(first, end - first))));
    parts.push_back({Path(images_.files[i].path).filename().string(),
                     static_cast<int64_t>(end - first), static_cast<int64_t>(content.size()),
                     Hash(hashes)});
  }
  return parts;
}

}  // namespace

std::unique_ptr<Dataset> MakePacked(PackedImages images) {
  return std::make_unique<PackedDataset>(std::move(images));
}

std::vector<std::string> NumberedClasses(size_t count) {
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i) names.push_back(std::to_string(i));
  return names;
}

}  // namespace disco
