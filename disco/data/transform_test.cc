// SPDX-License-Identifier: Apache-2.0
#include "disco/data/transform.h"

#include <gmock/gmock.h>

#include <set>

#include "disco/data/augmentation.h"
#include "disco/data/test_pictures.h"

namespace disco {
namespace {

using ::testing::ElementsAre;

// A grey picture.
Image Grey(int width, int height, std::initializer_list<int> levels) {
  Image image{width, height, {}};
  for (const int level : levels) image.rgb.insert(image.rgb.end(), 3, static_cast<uint8_t>(level));
  return image;
}

std::vector<int> Levels(const Image& image) {
  std::vector<int> levels;
  for (size_t i = 0; i < image.rgb.size(); i += 3) levels.push_back(image.rgb[i]);
  return levels;
}

// By hand: for 4 -> 2 the triangle is 4 wide; pixel centres 0.5, 1.5, 2.5 of the first output
// (centre 1) weigh 0.75, 0.75, 0.25. So 0.75 * 0 + 0.75 * 100 + 0.25 * 200 over 1.75 = 71.4.
TEST(Resize, ShrinkingAveragesUnderATriangle) {
  EXPECT_THAT(Levels(Resize(Grey(4, 1, {0, 100, 200, 40}), 2, 1)), ElementsAre(71, 117));
  EXPECT_THAT(Levels(Resize(Grey(1, 4, {0, 100, 200, 40}), 1, 2)), ElementsAre(71, 117));
}

// By hand: output centres lie at 0.25, 0.75, 1.25, 1.75 input pixels.
TEST(Resize, GrowingInterpolates) {
  EXPECT_THAT(Levels(Resize(Grey(2, 1, {0, 100}), 4, 1)), ElementsAre(0, 25, 75, 100));
}

TEST(Resize, KeepsFlatPicturesAndItsOwnSize) {
  const Image flat{37, 23, std::vector<uint8_t>(37 * 23 * 3, 201)};
  for (const auto& [width, height] : {std::pair{1, 1}, {5, 60}, {100, 3}}) {
    const Image resized = Resize(flat, width, height);
    EXPECT_EQ(resized.rgb, std::vector<uint8_t>(size_t(width) * size_t(height) * 3, 201));
  }
  EXPECT_EQ(Resize(Gradient(9, 5), 9, 5), Gradient(9, 5));
}

TEST(Crop, CutsInsideAndIsBlackOutside) {
  const Image image = Grey(3, 2, {1, 2, 3, 4, 5, 6});
  EXPECT_THAT(Levels(Crop(image, {1, 0, 2, 2})), ElementsAre(2, 3, 5, 6));
  EXPECT_THAT(Levels(Crop(image, {-1, 1, 3, 2})), ElementsAre(0, 4, 5, 0, 0, 0));
  EXPECT_THAT(Levels(Crop(image, {7, 7, 2, 1})), ElementsAre(0, 0));
  EXPECT_THAT(Levels(Crop(image, {-1, -1, 5, 4})),
              ElementsAre(0, 0, 0, 0, 0, 0, 1, 2, 3, 0, 0, 4, 5, 6, 0, 0, 0, 0, 0, 0));
}

TEST(Flip, MirrorsRows) {
  EXPECT_THAT(Levels(FlipHorizontal(Grey(3, 2, {1, 2, 3, 4, 5, 6}))),
              ElementsAre(3, 2, 1, 6, 5, 4));
  const Image image = Gradient(6, 4);
  EXPECT_EQ(FlipHorizontal(FlipHorizontal(image)), image);
}

Image Augment(const Image& image, const Augmentation& augmentation, Random& random) {
  return Apply(DrawGeometry(image.width, image.height, augmentation, random), image);
}

TEST(Augment, DependsOnItsKeyAlone) {
  const Image image = Gradient(8, 8, 50);
  const Augmentation augmentation{.pad_crop = 2, .flip = true};
  Random first(7, 3), again(7, 3);
  EXPECT_EQ(Augment(image, augmentation, first), Augment(image, augmentation, again));
}

TEST(Augment, ReachesEveryShiftAndMirror) {
  const Image image = Gradient(8, 8, 50);
  std::set<std::string> seen;
  Random random(1);
  for (int i = 0; i < 1000; ++i) {
    const Image changed = Augment(image, {.pad_crop = 1, .flip = true}, random);
    seen.emplace(changed.rgb.begin(), changed.rgb.end());
  }
  EXPECT_EQ(seen.size(), 3 * 3 * 2u);
  EXPECT_EQ(Augment(image, {}, random), image);
}

}  // namespace
}  // namespace disco
