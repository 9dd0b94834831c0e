// SPDX-License-Identifier: Apache-2.0
// Random changes of training pictures that keep their meaning. The caller's Random decides, so the
// same (seed, epoch, index) gives the same picture for any number of threads. Thread rule: pure.
// Errors: none.
#pragma once

#include "disco/base/random.h"
#include "disco/data/image.h"

namespace disco {

struct Augmentation {
  int pad_crop = 0;   // shift by up to so many pixels each way; black comes in at the edge
  bool flip = false;  // mirror every other picture left to right
};

// Draws as many numbers from `random` for every picture.
Image Augment(const Image& image, const Augmentation& augmentation, Random& random);

}  // namespace disco
