// SPDX-License-Identifier: Apache-2.0
// Random changes of training images that keep their meaning. The caller's Random decides, so the
// same (seed, epoch, index) gives the same image for any number of threads. Thread rule: pure.
// Errors: none.
#pragma once

#include "disco/base/random.h"
#include "disco/data/geometry.h"

namespace disco {

struct Augmentation {
  int pad_crop = 0;   // shift by up to so many pixels each way; black comes in at the edge
  bool flip = false;  // mirror every other image left to right
};

// Of an image of width x height, which keeps its size. Draws as many numbers from `random` for
// every image.
Geometry DrawGeometry(int width, int height, const Augmentation& augmentation, Random& random);

}  // namespace disco
