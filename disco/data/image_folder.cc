// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "disco/base/hash.h"
#include "disco/data/dataset_kinds.h"
#include "disco/data/folder_listing.h"

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
  void set_notes(std::vector<std::string> notes) { notes_ = std::move(notes); }

  int64_t size() const override { return static_cast<int64_t>(pictures_.size()); }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  std::vector<int64_t> class_sizes() const override {
    std::vector<int64_t> sizes(class_names_.size());
    for (const Picture& picture : pictures_) ++sizes[static_cast<size_t>(picture.label)];
    return sizes;
  }
  std::string Describe(int64_t index) const override { return PathOf(index).string(); }
  std::vector<std::string> notes() const override { return notes_; }
  std::vector<DataPart> parts() const override;

  Result<Sample> Get(int64_t index) const override {
    DISCO_ASSIGN(Image image, ReadImage(PathOf(index), options_));
    return Sample{std::move(image), ClassLabel{pictures_[static_cast<size_t>(index)].label}};
  }

 private:
  Path PathOf(int64_t index) const {
    const Picture& picture = pictures_[static_cast<size_t>(index)];
    return root_ / class_names_[static_cast<size_t>(picture.label)] / picture.file;
  }

  Path root_;  // holds one folder per class
  std::vector<std::string> class_names_;
  DecodeOptions options_;
  std::vector<Picture> pictures_;  // class by class
  std::vector<std::string> notes_;
};

std::vector<DataPart> ImageFolder::parts() const {
  std::vector<DataPart> parts;
  for (size_t i = 0; i < pictures_.size(); ++i) {
    const int64_t label = pictures_[i].label;
    if (i == 0 || label != pictures_[i - 1].label) {
      const std::string& name = class_names_[static_cast<size_t>(label)];
      parts.push_back({(root_.filename() / name).string()});
    }
    std::error_code error;
    const auto size = std::filesystem::file_size(PathOf(static_cast<int64_t>(i)), error);
    const int64_t bytes = error ? 0 : static_cast<int64_t>(size);
    DataPart& part = parts.back();
    ++part.pictures;
    part.bytes += bytes;
    part.hash = Hash(fmt::format("{} {} {}", part.hash, bytes, pictures_[i].file));
  }
  return parts;
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
  DISCO_ASSIGN(const FolderListing here, ListFolder(split));
  if (training.empty() || training == split) return here.folders;
  DISCO_ASSIGN(const FolderListing trained, ListFolder(training));
  for (const std::string& name : here.folders) {
    if (!std::ranges::binary_search(trained.folders, name)) {
      return Fail(ErrorKind::kInvalid,
                  "{} has no counterpart in {}: remove it or add the class there",
                  (split / name).string(), training.string());
    }
  }
  return trained.folders;
}

// Classes to train on have pictures; to measure on, some may have none.
Status CheckPictures(const FolderListing& listing, const Path& folder, bool to_train) {
  if (!listing.pictures.empty() || !to_train) return {};
  return Fail(ErrorKind::kInvalid,
              "{} holds no .jpg, .jpeg or .png file: fill or remove it; folders in it are not read",
              folder.string());
}

// Those of all classes in `split`, and a note on what else lies there.
Status AddPictures(const Path& split, bool to_train, ImageFolder& result) {
  LeftOut left_out;
  DISCO_ASSIGN(const FolderListing top, ListFolder(split));
  left_out.Add("files beside the class folders", {}, top.pictures);
  left_out.Add("files beside the class folders", {}, top.others);
  for (const std::string& name : top.folders) {
    DISCO_ASSIGN(const FolderListing listing, ListFolder(split / name));
    DISCO_TRY(CheckPictures(listing, split / name, to_train));
    if (listing.pictures.empty()) left_out.Add("class folders without pictures", {}, {name});
    left_out.Add("folders inside class folders", name, listing.folders);
    left_out.Add("files that are not .jpg, .jpeg or .png", name, listing.others);
    const auto place = std::ranges::lower_bound(result.class_names(), name);
    for (const std::string& file : listing.pictures)
      result.Add({file, place - result.class_names().begin()});
  }
  result.set_notes(left_out.Notes(split));
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
  DISCO_TRY(AddPictures(split, split == training, *result));
  if (result->size() > 0) return result;
  return Fail(ErrorKind::kInvalid, "{} holds no .jpg, .jpeg or .png file in its class folders",
              split.string());
}

}  // namespace disco
