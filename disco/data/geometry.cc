// SPDX-License-Identifier: Apache-2.0
#include "disco/data/geometry.h"

namespace disco {

Image Apply(const Geometry& geometry, Image image) {
  if (image.width != geometry.width || image.height != geometry.height)
    image = Resize(image, geometry.width, geometry.height);
  if (geometry.window != Rectangle{0, 0, image.width, image.height})
    image = Crop(image, geometry.window);
  return geometry.mirror ? FlipHorizontal(image) : image;
}

}  // namespace disco
