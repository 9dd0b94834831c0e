// SPDX-License-Identifier: Apache-2.0
#include "disco/data/picture_source.h"

#include <exception>

namespace disco {
namespace {

bool KeepsFitted(const Dataset& dataset, const LoaderOptions& options) {
  const double picture = 3.0 * options.preprocessing.height * options.preprocessing.width;
  return !dataset.in_memory() &&
         picture * static_cast<double>(dataset.size()) <= static_cast<double>(options.cache.value);
}

}  // namespace

PictureSource::PictureSource(std::shared_ptr<const Dataset> dataset, const LoaderOptions& options)
    : dataset_(std::move(dataset)),
      preprocessing_(options.preprocessing),
      augmentation_(options.augmentation) {
  if (KeepsFitted(*dataset_, options)) kept_.resize(static_cast<size_t>(dataset_->size()));
}

Result<Sample> PictureSource::ReadFitted(int64_t index) const {
  DISCO_ASSIGN(Sample sample, dataset_->Get(index));
  const Geometry fit = FitGeometry(sample.image.width, sample.image.height, preprocessing_);
  return Apply(fit, std::move(sample));
}

// Running out of memory on one huge picture breaks that picture, not the training.
Result<Target> PictureSource::Write(int64_t index, uint64_t augment_seed,
                                    std::span<float> pixels) try {
  Sample fresh;
  Sample& fitted = kept_.empty() ? fresh : kept_[static_cast<size_t>(index)];
  if (fitted.image.width == 0) {
    DISCO_ASSIGN(fitted, ReadFitted(index));
  }
  Random random(augment_seed, static_cast<uint64_t>(index));
  Sample sample =
      Apply(DrawGeometry(fitted.image.width, fitted.image.height, augmentation_, random), fitted);
  Normalize(sample.image, preprocessing_, pixels);
  return std::move(sample.target);
} catch (const std::exception& problem) {
  return Fail(ErrorKind::kInvalid, "{}: {}", dataset_->Describe(index), problem.what());
}

}  // namespace disco
