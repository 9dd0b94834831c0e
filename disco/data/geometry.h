// SPDX-License-Identifier: Apache-2.0
// A change of geometry as a value, so that the image and the target of a sample move alike: resize,
// then keep a window, then mirror left to right. Thread rule: pure functions and plain values.
// Errors: none.
#pragma once

#include "disco/data/transform.h"

namespace disco {

struct Geometry {
  int width = 0, height = 0;  // pixels, that the image is resized to; at least 1 x 1
  Rectangle window;           // of the resized image; may reach over its edges
  bool mirror = false;
};

Image Apply(const Geometry& geometry, Image image);

}  // namespace disco
