// SPDX-License-Identifier: Apache-2.0
#include "disco/op/reshape_rule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "disco/base/random.h"

namespace disco {
namespace {

using testing::ElementsAre;

TEST(ReshapeRule, FlattenRepeatsEachFeature) {
  const auto mapped = MapReshape({2, 3, 1, 2}, 1, {2, 6});
  ASSERT_TRUE(mapped);
  EXPECT_EQ(mapped->axis, 1);
  EXPECT_THAT(mapped->from, ElementsAre(0, 0, 1, 1, 2, 2));
}

TEST(ReshapeRule, FeaturesAtTheEndRepeatAsAWhole) {
  const auto mapped = MapReshape({1, 2, 3}, 2, {1, 6});
  ASSERT_TRUE(mapped);
  EXPECT_THAT(mapped->from, ElementsAre(0, 1, 2, 0, 1, 2));
}

TEST(ReshapeRule, AnAxisMaySplitIntoGroups) {
  const auto mapped = MapReshape({1, 6, 4, 4}, 1, {1, 3, 2, 4, 4});
  ASSERT_TRUE(mapped);
  EXPECT_EQ(mapped->axis, 1);
  EXPECT_EQ(mapped->split, 2);
  EXPECT_THAT(mapped->from, ElementsAre(0, 2, 4));
}

TEST(ReshapeRule, SqueezedAxesMoveTheFeatures) {
  const auto mapped = MapReshape({1, 1, 3, 5}, 2, {1, 3, 5});
  ASSERT_TRUE(mapped);
  EXPECT_EQ(mapped->axis, 1);
  EXPECT_THAT(mapped->from, ElementsAre(0, 1, 2));
}

TEST(ReshapeRule, AnAxisThatCarriesThemAllGoesBeforeOneOfExtentOne) {
  for (const Shape& output : {Shape{1, 1, 4, 25}, Shape{1, 1, 4, 5, 5}}) {  // Reshape, Unsqueeze
    const auto mapped = MapReshape({1, 4, 5, 5}, 1, output);
    ASSERT_TRUE(mapped);
    EXPECT_EQ(mapped->axis, 2);
    EXPECT_EQ(mapped->split, 1);
    EXPECT_THAT(mapped->from, ElementsAre(0, 1, 2, 3));
  }
}

TEST(ReshapeRule, OneGroupOfAllFeaturesIsNoSplit) {
  EXPECT_FALSE(MapReshape({1, 2, 3}, 1, {1, 1, 3, 2}));
  const auto mapped = MapReshape({1, 6, 5}, 1, {1, 1, 3, 2, 5});
  ASSERT_TRUE(mapped);
  EXPECT_EQ(mapped->axis, 2);
  EXPECT_THAT(mapped->from, ElementsAre(0, 2, 4));
}

TEST(ReshapeRule, WhatMixesFeaturesWithPositionsHasNone) {
  EXPECT_FALSE(MapReshape({1, 6, 5}, 1, {1, 5, 6}));
  EXPECT_FALSE(MapReshape({1, 3, 4}, 1, {12}));  // only a batch axis is left
  EXPECT_FALSE(MapReshape({1, 0, 4}, 1, {1, 0}));
}

// Splits `product` by lot into extents.
Shape DrawShape(Random& random, int64_t product) {
  std::vector<int64_t> dims = {2};
  while (product > 1) {
    int64_t extent = 1 + random.Below(product);
    while (product % extent != 0) ++extent;
    dims.push_back(extent);
    product /= extent;
  }
  return Shape(dims);
}

// Whatever is claimed is held against every element.
TEST(ReshapeRule, NoElementComesFromAnotherFeature) {
  Random random(1);
  int found = 0;
  for (int round = 0; round < 2000; ++round) {
    const int64_t products[] = {12, 16, 24, 30, 36};
    const int64_t product = products[random.Below(5)];
    const Shape input = DrawShape(random, product), output = DrawShape(random, product);
    const int axis = 1 + static_cast<int>(random.Below(input.rank() - 1));
    const auto mapped = MapReshape(input, axis, output);
    if (!mapped) continue;
    ++found;
    ASSERT_GE(mapped->axis, 1);
    ASSERT_EQ(static_cast<int64_t>(mapped->from.size()), output[mapped->axis]);
    const int64_t inner = input.elements(axis + 1, input.rank());
    const int64_t after = output.elements(mapped->axis + 1, output.rank());
    for (int64_t element = 0; element < input.elements(); ++element) {
      const int64_t feature = element / inner % input[axis];
      const int64_t first =
          mapped->from[static_cast<size_t>(element / after % output[mapped->axis])];
      ASSERT_TRUE(first <= feature && feature < first + mapped->split)
          << ToString(input) << " axis " << axis << " -> " << ToString(output);
    }
  }
  EXPECT_GT(found, 300);
}

}  // namespace
}  // namespace disco
