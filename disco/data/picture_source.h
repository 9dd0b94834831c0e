// SPDX-License-Identifier: Apache-2.0
// One picture of a Loader: read, fit, keep, augment, normalise. Private to the module.
// Thread rule: Write from any thread, for one index at a time each. Errors: those of the data set,
// naming the picture.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "disco/data/loader.h"

namespace disco {

class PictureSource {
 public:
  PictureSource(std::shared_ptr<const Dataset> dataset, const LoaderOptions& options);

  // Writes picture `index` to `pixels`, float [C, H, W], and returns its target. `augment_seed`
  // stands for (seed, epoch).
  Result<Target> Write(int64_t index, uint64_t augment_seed, std::span<float> pixels);

 private:
  Result<Sample> ReadFitted(int64_t index) const;

  std::shared_ptr<const Dataset> dataset_;
  Preprocessing preprocessing_;
  Augmentation augmentation_;
  std::vector<Sample>
      kept_;  // by index, fitted; width 0 = not read yet; empty when nothing is kept
};

}  // namespace disco
