// SPDX-License-Identifier: Apache-2.0
#include "disco/data/augmentation.h"

#include "disco/data/transform.h"

namespace disco {

Image Augment(const Image& image, const Augmentation& augmentation, Random& random) {
  const int pad = augmentation.pad_crop;
  const auto shift = [&] { return static_cast<int>(random.Below(2 * pad + 1)) - pad; };
  const int left = shift(), top = shift();
  const bool mirror = random() & 1;
  Image moved = pad > 0 ? Crop(image, {left, top, image.width, image.height}) : image;
  return augmentation.flip && mirror ? FlipHorizontal(moved) : moved;
}

}  // namespace disco
