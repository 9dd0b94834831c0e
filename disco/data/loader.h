// SPDX-License-Identifier: Apache-2.0
// Batches of preprocessed pictures, made ahead of need by threads.
//
// What comes out depends on (data set, options, epoch) alone: the order on (seed, epoch), the
// augmentation of a picture on (seed, epoch, index). The number of threads changes nothing. Two
// batches are kept ready. A picture that cannot be read is reported once and left out, so its batch
// is smaller by one; a batch with fewer good pictures than `least_batch` is left out whole. Thread
// rule: StartEpoch and Next from one thread; the data set and `on_warning` are used as said below.
// Errors: kInvalid from Next when too many pictures are broken.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "disco/base/units.h"
#include "disco/data/augmentation.h"
#include "disco/data/dataset.h"
#include "disco/data/preprocessing.h"

namespace disco {

struct LoaderOptions {
  Preprocessing preprocessing;
  Augmentation augmentation;
  int64_t batch_size = 64;
  int64_t least_batch = 1;  // good pictures
  uint64_t seed = 0;
  bool shuffle = false;
  bool drop_last = false;  // leave out the last batch when it is not full
  int threads = 2;
  // More broken pictures than this share of the data set are an error.
  double max_broken_share = 0.01;
  // Fitted pictures (bytes, before augmentation) are kept for the next epoch if all of them fit in
  // here.
  Bytes cache{1'000'000'000};
  // Called from within Next, on its thread, once for each broken picture.
  std::function<void(const std::string&)> on_warning;
};

struct Batch {
  Tensor images;                // float [B, C, H, W]
  std::vector<Target> targets;  // [B]
  int64_t number = 0;           // in its epoch, from 0; those that are left out count too
};

class Loader {
 public:
  Loader(std::shared_ptr<const Dataset> dataset, LoaderOptions options);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  int64_t batches_per_epoch() const;

  // Gives up what is left of the epoch before. `first_batch` > 0 resumes an interrupted epoch.
  void StartEpoch(int64_t epoch, int64_t first_batch = 0);

  // The next batch, or nothing at the end of the epoch (and before the first StartEpoch).
  Result<std::optional<Batch>> Next();

 private:
  class Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace disco
