// SPDX-License-Identifier: Apache-2.0
// Changes of images: resize, crop, mirror. Images hold at least one pixel; what they become is at
// least 1 x 1.
#pragma once

#include "disco/data/image.h"

namespace disco {

// Antialiased bilinear resizing, within one grey level of Pillow's BILINEAR: a triangle filter as
// wide as the shrink factor, columns before rows, each rounded to 8 bits. Published accuracies were
// measured with it.
Image Resize(const Image& image, int width, int height);

// The rectangle may reach over the edges; what lies outside is black.
struct Rectangle {
  int left = 0, top = 0, width = 0, height = 0;
  friend bool operator==(const Rectangle&, const Rectangle&) = default;
};
Image Crop(const Image& image, const Rectangle& rectangle);

Image FlipHorizontal(const Image& image);

}  // namespace disco
