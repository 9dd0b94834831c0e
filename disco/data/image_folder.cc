// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <functional>

#include "disco/data/dataset_kinds.h"

namespace disco {
namespace {

struct Picture {
  std::string file;  // name within the folder of its class
  int64_t label;
};

class ImageFolder final : public Dataset {
 public:
  ImageFolder(Path root, std::vector<std::string> classes, DecodeOptions options)
      : root_(std::move(root)), class_names_(std::move(classes)), options_(options) {}

  void Add(Picture picture) { pictures_.push_back(std::move(picture)); }

  int64_t size() const override { return static_cast<int64_t>(pictures_.size()); }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  std::vector<int64_t> class_sizes() const override {
    std::vector<int64_t> sizes(class_names_.size());
    for (const Picture& picture : pictures_) ++sizes[static_cast<size_t>(picture.label)];
    return sizes;
  }
  std::string Describe(int64_t index) const override { return PathOf(index).string(); }

  Result<Sample> Get(int64_t index) const override {
    DISCO_ASSIGN(Image image, ReadImage(PathOf(index), options_));
    return Sample{std::move(image), pictures_[static_cast<size_t>(index)].label};
  }

 private:
  Path PathOf(int64_t index) const {
    const Picture& picture = pictures_[static_cast<size_t>(index)];
    return root_ / class_names_[static_cast<size_t>(picture.label)] / picture.file;
  }

  Path root_;  // holds one folder per class
  std::vector<std::string> class_names_;
  DecodeOptions options_;
  std::vector<Picture> pictures_;
};

bool IsPicture(const std::filesystem::directory_entry& entry) {
  std::string extension = entry.path().extension().string();
  for (char& letter : extension) letter = letter >= 'A' && letter <= 'Z' ? letter + 32 : letter;
  std::error_code ignored;
  return (extension == ".jpg" || extension == ".jpeg" || extension == ".png") &&
         entry.is_regular_file(ignored);
}

bool IsFolder(const std::filesystem::directory_entry& entry) {
  std::error_code ignored;
  return entry.is_directory(ignored);
}

// Names in `folder` that `wanted` accepts, sorted; hidden ones are left out.
Result<std::vector<std::string>> Names(
    const Path& folder,
    const std::function<bool(const std::filesystem::directory_entry&)>& wanted) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::string name = entry->path().filename().string();
    if (!name.starts_with('.') && wanted(*entry)) names.push_back(std::move(name));
  }
  if (error) return Fail(ErrorKind::kIo, "cannot list {}: {}", folder.string(), error.message());
  std::sort(names.begin(), names.end());
  return names;
}

// The first of `names` that is a folder in `root`; empty when none is.
Path FirstFolder(const Path& root, std::initializer_list<const char*> names) {
  std::error_code ignored;
  for (const char* name : names) {
    if (std::filesystem::is_directory(root / name, ignored)) return root / name;
  }
  return {};
}

// Labels count the classes of the training split, so that both splits agree also when one lacks a
// class.
Result<std::vector<std::string>> ClassNames(const Path& training, const Path& split) {
  DISCO_ASSIGN(const auto here, Names(split, IsFolder));
  if (training.empty() || training == split) return here;
  DISCO_ASSIGN(const auto trained, Names(training, IsFolder));
  for (const std::string& name : here) {
    if (!std::binary_search(trained.begin(), trained.end(), name)) {
      return Fail(ErrorKind::kInvalid,
                  "{} has no counterpart in {}: remove it or add the class there",
                  (split / name).string(), training.string());
    }
  }
  return trained;
}

Status AddPictures(const Path& folder, int64_t label, ImageFolder& result) {
  DISCO_ASSIGN(const auto files, Names(folder, IsPicture));
  if (files.empty()) {
    return Fail(ErrorKind::kInvalid, "{} holds no .jpg, .jpeg or .png file: fill or remove it",
                folder.string());
  }
  for (const std::string& file : files) result.Add({file, label});
  return {};
}

}  // namespace

DatasetOrNone OpenImageFolder(const DatasetSpec& spec) {
  const Path root = spec.source;
  const Path training = FirstFolder(root, {"train"});
  const Path split = spec.split == "train" ? training : FirstFolder(root, {"val", "test"});
  if (split.empty()) return nullptr;
  DISCO_ASSIGN(const auto classes, ClassNames(training, split));
  if (classes.empty()) {
    return Fail(ErrorKind::kInvalid, "{} holds no folders: one folder per class was expected",
                split.string());
  }
  auto result = std::make_unique<ImageFolder>(split, classes, spec.decode);
  for (size_t i = 0; i < classes.size(); ++i) {
    const Path folder = split / classes[i];
    std::error_code ignored;
    if (split != training && !std::filesystem::exists(folder, ignored)) continue;
    DISCO_TRY(AddPictures(folder, static_cast<int64_t>(i), *result));
  }
  return result;
}

}  // namespace disco
