// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "disco/data/dataset.h"
#include "disco/data/draw_synthetic.h"

namespace disco {
namespace {

constexpr double kWeightedMean = 412.65;

std::unique_ptr<Dataset> Open(const std::string& split, uint64_t seed = 0) {
  return *OpenDataset(
      {.source = "synthetic:train=40,val=20,size=24", .split = split, .seed = seed});
}

TEST(Synthetic, HasTheSizesAskedFor) {
  EXPECT_EQ(Open("train")->size(), 40);
  EXPECT_EQ(Open("val")->size(), 20);
  EXPECT_EQ(Open("val")->Get(3)->image.width, 24);
  EXPECT_EQ((*OpenDataset({}))->size(), 20000);
}

TEST(Synthetic, DependsOnSeedSplitAndIndexAlone) {
  const auto picture = [](const std::string& split, uint64_t seed, int64_t index) {
    return Open(split, seed)->Get(index)->image;
  };
  EXPECT_EQ(picture("train", 1, 5), picture("train", 1, 5));
  EXPECT_NE(picture("train", 1, 5), picture("val", 1, 5));
  EXPECT_NE(picture("train", 1, 5), picture("train", 2, 5));
  EXPECT_NE(picture("train", 1, 5), picture("train", 1, 15));
}

TEST(Synthetic, LabelsAreBalancedAndNamed) {
  const auto dataset = Open("train");
  std::vector<int> count(10);
  for (int64_t i = 0; i < dataset->size(); ++i)
    ++count[static_cast<size_t>(LabelOf(dataset->Get(i)->target))];
  EXPECT_EQ(count, std::vector<int>(10, 4));
  EXPECT_EQ(dataset->class_names().size(), 10u);
  EXPECT_EQ(dataset->class_names()[1], "disc+square");
}

// Guards published accuracies against a change of the pictures. The tolerance covers compilers that
// fuse multiplication and addition.
TEST(Synthetic, StaysTheSamePicture) {
  const Image image = DrawSynthetic({.seed = 1, .stream = 2}, 32, 3);
  double sum = 0;
  for (size_t i = 0; i < image.rgb.size(); ++i) sum += image.rgb[i] * static_cast<double>(i % 7);
  EXPECT_NEAR(sum / 3072, kWeightedMean, 0.1);
}

TEST(Synthetic, RefusesWhatItDoesNotKnow) {
  for (const char* source :
       {"synthetic:", "synthetic:train", "synthetic:train=0", "synthetic:size=4",
        "synthetic:size=100000", "synthetic:train=5,,val=3", "synthetic:train=5,",
        "synthetic:train=99999999999999999999", "synthetic:colour=3"}) {
    EXPECT_FALSE(OpenDataset({.source = source})) << source;
  }
}

}  // namespace
}  // namespace disco
