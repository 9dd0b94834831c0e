// SPDX-License-Identifier: Apache-2.0
#include "disco/data/geometry.h"

#include <gtest/gtest.h>

#include "disco/data/sample.h"
#include "disco/data/test_pictures.h"

namespace disco {
namespace {

TEST(Geometry, ResizesThenKeepsTheWindowThenMirrors) {
  const Image image = Gradient(8, 6);
  const Geometry geometry{4, 3, {-1, 1, 4, 2}, true};
  EXPECT_EQ(Apply(geometry, image), FlipHorizontal(Crop(Resize(image, 4, 3), {-1, 1, 4, 2})));
}

TEST(Geometry, OfNothingIsTheImage) {
  const Image image = Gradient(8, 6);
  EXPECT_EQ(Apply(Geometry{8, 6, {0, 0, 8, 6}}, image), image);
}

TEST(Geometry, MovesAnImageAndKeepsItsClass) {
  const Geometry geometry{4, 3, {1, 0, 2, 2}, true};
  const Sample moved = Apply(geometry, Sample{Gradient(8, 6), ClassLabel{7}});
  EXPECT_EQ(moved.image, Apply(geometry, Gradient(8, 6)));
  EXPECT_EQ(moved.target, Target(ClassLabel{7}));
}

}  // namespace
}  // namespace disco
