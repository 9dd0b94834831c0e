// SPDX-License-Identifier: Apache-2.0
#include "disco/data/augmentation.h"

namespace disco {

Geometry DrawGeometry(int width, int height, const Augmentation& augmentation, Random& random) {
  const int pad = augmentation.pad_crop;
  const auto shift = [&] { return static_cast<int>(random.Below(2 * pad + 1)) - pad; };
  const int left = shift(), top = shift();
  const bool mirror = random() & 1;
  return {width, height, {left, top, width, height}, augmentation.flip && mirror};
}

}  // namespace disco
