// SPDX-License-Identifier: Apache-2.0
#include "disco/tensor/shape.h"

#include <gtest/gtest.h>

#include <limits>

namespace disco {
namespace {

TEST(Shape, CountsElementsAndStrides) {
  const Shape shape{2, 3, 4};
  EXPECT_EQ(shape.elements(), 24);
  EXPECT_EQ(shape.elements(1, 3), 12);
  EXPECT_EQ(shape.elements(3, 3), 1);
  EXPECT_EQ(shape.strides(), (std::vector<int64_t>{12, 4, 1}));
  EXPECT_EQ(Shape{}.elements(), 1);
  EXPECT_TRUE(Shape{}.strides().empty());
  EXPECT_EQ((Shape{5, 0}.elements()), 0);
  EXPECT_EQ(ToString(shape), "[2, 3, 4]");
  EXPECT_EQ(ToString(Shape{}), "[]");
}

TEST(CheckShape, AcceptsUpToTheLimit) {
  EXPECT_TRUE(CheckShape({}));
  EXPECT_TRUE(CheckShape({0}));
  EXPECT_TRUE(CheckShape({1, 3, 224, 224}));
  EXPECT_TRUE(CheckShape({kMaxElements}));
  EXPECT_TRUE(CheckShape({kMaxElements / 4, 2, 2}));
}

class BadShape : public testing::TestWithParam<Shape> {};

// The product of the fourth is 2^64, that is 0 in 64 bits; a 0 among the extents hides nothing.
TEST_P(BadShape, IsRefusedAndShown) {
  const Status checked = CheckShape(GetParam());
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().kind, ErrorKind::kInvalid);
  EXPECT_NE(checked.error().message.find(ToString(GetParam())), std::string::npos);
}

constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();
INSTANTIATE_TEST_SUITE_P(, BadShape,
                         testing::Values(Shape{-1}, Shape{2, -3}, Shape{kMaxElements + 1},
                                         Shape{1LL << 32, 1LL << 32}, Shape{kHuge, kHuge},
                                         Shape{0, kHuge}, Shape{kHuge, 0}, Shape{0, -1},
                                         Shape{kMaxElements, 0, 2},
                                         Shape{std::numeric_limits<int64_t>::min()}));

TEST(NormalizeAxis, CountsFromBothEnds) {
  for (int rank = 1; rank <= 4; ++rank) {
    for (int axis = 0; axis < rank; ++axis) {
      EXPECT_EQ(*NormalizeAxis(axis, rank), axis);
      EXPECT_EQ(*NormalizeAxis(axis - rank, rank), axis);
    }
    for (const int64_t axis : {int64_t{rank}, int64_t{-rank - 1}, kHuge, -kHuge - 1})
      EXPECT_FALSE(NormalizeAxis(axis, rank));
  }
  EXPECT_FALSE(NormalizeAxis(0, 0));
  EXPECT_FALSE(NormalizeAxis(-1, 0));
}

TEST(CheckShape, RefusesMoreAxesThanKernelsTake) {
  EXPECT_TRUE(CheckShape(Shape(std::vector<int64_t>(kMaxRank, 1))));
  const Status deep = CheckShape(Shape(std::vector<int64_t>(1'000'000, 1)));
  ASSERT_FALSE(deep);
  EXPECT_NE(deep.error().message.find("1000000"), std::string::npos);
  EXPECT_LT(deep.error().message.size(), 300u) << deep.error().message;
}

struct BroadcastCase {
  Shape a, b, both;
};

TEST(Broadcast, FollowsNumPyInBothOrders) {
  const BroadcastCase cases[] = {
      {{}, {}, {}},
      {{}, {2, 3}, {2, 3}},
      {{3}, {2, 3}, {2, 3}},
      {{2, 1}, {1, 3}, {2, 3}},
      {{8, 1, 6, 1}, {7, 1, 5}, {8, 7, 6, 5}},
      {{1}, {0}, {0}},
      {{2, 0}, {1, 1}, {2, 0}},
  };
  for (const auto& [a, b, both] : cases) {
    for (const auto& result : {BroadcastShapes(a, b), BroadcastShapes(b, a)}) {
      ASSERT_TRUE(result) << ToString(a) << ToString(b);
      EXPECT_EQ(*result, both) << ToString(*result);
    }
  }
}

TEST(Broadcast, RefusesOtherShapesNamingBoth) {
  const std::pair<Shape, Shape> cases[] = {{{2}, {3}}, {{2, 3}, {2}}, {{0}, {2}}, {{4, 1}, {3, 1}}};
  for (const auto& [a, b] : cases) {
    const auto result = BroadcastShapes(a, b);
    ASSERT_FALSE(result);
    EXPECT_NE(result.error().message.find(ToString(a)), std::string::npos);
    EXPECT_NE(result.error().message.find(ToString(b)), std::string::npos);
  }
}

}  // namespace
}  // namespace disco
