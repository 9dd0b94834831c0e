// SPDX-License-Identifier: Apache-2.0
#include "disco/data/dataset.h"

#include <algorithm>
#include <numeric>

#include "disco/base/random.h"
#include "disco/data/dataset_kinds.h"

namespace disco {
namespace {

// Some pictures of another data set, in its order.
class Subset final : public Dataset {
 public:
  Subset(std::unique_ptr<Dataset> whole, std::vector<int64_t> chosen)
      : whole_(std::move(whole)), chosen_(std::move(chosen)) {}

  int64_t size() const override { return static_cast<int64_t>(chosen_.size()); }
  Result<Sample> Get(int64_t index) const override { return whole_->Get(At(index)); }
  const std::vector<std::string>& class_names() const override { return whole_->class_names(); }
  bool classes_are_numbered() const override { return whole_->classes_are_numbered(); }
  std::vector<int64_t> class_sizes() const override { return whole_->class_sizes(); }
  std::vector<std::string> notes() const override { return whole_->notes(); }
  std::vector<DataPart> parts() const override { return whole_->parts(); }
  std::string Describe(int64_t index) const override { return whole_->Describe(At(index)); }
  bool in_memory() const override { return whole_->in_memory(); }

 private:
  int64_t At(int64_t index) const { return chosen_[static_cast<size_t>(index)]; }
  std::unique_ptr<Dataset> whole_;
  std::vector<int64_t> chosen_;
};

std::unique_ptr<Dataset> Limited(std::unique_ptr<Dataset> whole, const DatasetSpec& spec) {
  if (whole->size() <= spec.limit) return whole;
  std::vector<int64_t> order(static_cast<size_t>(whole->size()));
  std::iota(order.begin(), order.end(), int64_t{0});
  Random(spec.seed).Shuffle(std::span(order));
  order.resize(static_cast<size_t>(spec.limit));
  std::sort(order.begin(), order.end());
  return std::make_unique<Subset>(std::move(whole), std::move(order));
}

Result<std::unique_ptr<Dataset>> OpenFolder(const DatasetSpec& spec) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(spec.source, ignored)) {
    return Fail(ErrorKind::kIo, "data source '{}' is no folder; give a folder or 'synthetic'",
                spec.source);
  }
  for (const auto open : {OpenCifar, OpenIdx, OpenImageFolder}) {
    DISCO_ASSIGN(auto dataset, open(spec));
    if (dataset != nullptr) return dataset;
  }
  const bool train = spec.split == "train";
  return Fail(ErrorKind::kInvalid,
              "no {} pictures found in {}; looked for {} (one folder per class), {} (CIFAR, binary "
              "version), "
              "{}-images-idx3-ubyte[.gz] (IDX)",
              spec.split, spec.source, train ? "train/" : "val/ and test/",
              train ? "data_batch_*.bin and train.bin" : "test_batch.bin and test.bin",
              train ? "train" : "t10k");
}

}  // namespace

Result<std::unique_ptr<Dataset>> OpenDataset(const DatasetSpec& spec) {
  if (spec.split != "train" && spec.split != "val") {
    return Fail(ErrorKind::kUsage, "there is no split '{}'; give 'train' or 'val'", spec.split);
  }
  if (spec.limit < 1)
    return Fail(ErrorKind::kUsage, "a limit of {} pictures leaves none", spec.limit);
  const bool synthetic = spec.source == "synthetic" || spec.source.starts_with("synthetic:");
  DISCO_ASSIGN(auto dataset, synthetic ? OpenSynthetic(spec) : OpenFolder(spec));
  return Limited(std::move(dataset), spec);
}

}  // namespace disco
