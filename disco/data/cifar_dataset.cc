// SPDX-License-Identifier: Apache-2.0
// The binary version of CIFAR: records of one label byte (CIFAR-10) or a coarse and a fine one
// (CIFAR-100), then 32 x 32 bytes each of red, green and blue. See
// https://www.cs.toronto.edu/~kriz/cifar.html.
#include <algorithm>
#include <sstream>

#include "disco/data/dataset_kinds.h"

namespace disco {
namespace {

constexpr size_t kSide = 32;
constexpr size_t kPixelBytes = 3 * kSide * kSide;

struct Variety {
  const char* subfolder;  // as the archive unpacks
  const char* train_prefix;
  const char* test_prefix;
  const char* names_file;
  size_t classes;
  size_t label_bytes;  // the last one is the label
};
constexpr Variety kVarieties[] = {
    {"cifar-10-batches-bin", "data_batch_", "test_batch", "batches.meta.txt", 10, 1},
    {"cifar-100-binary", "train", "test", "fine_label_names.txt", 100, 2}};

// Files of `folder` named prefix*.bin, in the order of their names.
std::vector<Path> FilesOf(const Path& folder, std::string_view prefix) {
  std::vector<Path> files;
  std::error_code stop;
  for (std::filesystem::directory_iterator entry(folder, stop), end; !stop && entry != end;
       entry.increment(stop)) {
    const Path& path = entry->path();
    if (path.extension() == ".bin" && path.stem().string().starts_with(prefix))
      files.push_back(path);
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<std::string> ClassNames(const Path& folder, const Variety& variety) {
  std::vector<std::string> names;
  if (const auto text = ReadFile(folder / variety.names_file)) {
    std::istringstream words(*text);
    for (std::string word; names.size() < variety.classes && words >> word;) names.push_back(word);
  }
  return names.size() == variety.classes ? names : NumberedClasses(variety.classes);
}

Status Append(const Path& path, const Variety& variety, PackedImages& images) {
  DISCO_ASSIGN(const std::string content, ReadFile(path));
  const size_t record = variety.label_bytes + kPixelBytes;
  if (content.empty() || content.size() % record != 0) {
    return Fail(ErrorKind::kInvalid,
                "{}: {} bytes are no whole number of CIFAR-{} records of {} bytes", path.string(),
                content.size(), variety.classes, record);
  }
  images.files.push_back({path.string(), static_cast<int64_t>(images.labels.size())});
  for (size_t start = 0; start < content.size(); start += record) {
    const auto label = static_cast<uint8_t>(content[start + variety.label_bytes - 1]);
    if (label >= variety.classes) {
      return Fail(ErrorKind::kInvalid, "{}: record {} has label {}, but CIFAR-{} ends at {}",
                  path.string(), start / record, label, variety.classes, variety.classes - 1);
    }
    images.labels.push_back(label);
    const auto pixels = content.begin() + static_cast<ptrdiff_t>(start + variety.label_bytes);
    images.pixels.insert(images.pixels.end(), pixels, pixels + kPixelBytes);
  }
  return {};
}

}  // namespace

DatasetOrNone OpenCifar(const DatasetSpec& spec) {
  for (const Variety& variety : kVarieties) {
    for (const Path& folder : {Path(spec.source), Path(spec.source) / variety.subfolder}) {
      const bool train = spec.split == "train";
      const auto files = FilesOf(folder, train ? variety.train_prefix : variety.test_prefix);
      if (files.empty()) continue;
      PackedImages images{kSide, kSide, 3, {}, {}, ClassNames(folder, variety), {}};
      for (const Path& file : files) DISCO_TRY(Append(file, variety, images));
      return MakePacked(std::move(images));
    }
  }
  return nullptr;
}

}  // namespace disco
