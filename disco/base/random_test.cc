// SPDX-License-Identifier: Apache-2.0
#include "disco/base/random.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <set>

namespace disco {
namespace {

// From another implementation of SplitMix64: a changed generator changes every data set and every
// run that is to be repeated.
TEST(Random, GivesTheSameNumbersForEver) {
  Random first(0), second(0, 1);
  for (const uint64_t golden : {0xa577782bc52a9f5au, 0xb485244380e590beu, 0x5176985d86cff511u})
    EXPECT_EQ(first(), golden);
  for (const uint64_t golden : {0x94d58cfc0852acf2u, 0xd91e12067c198864u, 0x200cf7c825f75c71u})
    EXPECT_EQ(second(), golden);
}

TEST(Random, TheStateIsAllThereIs) {
  Random random(7, 3);
  random();
  Random resumed(0);
  resumed.set_state(random.state());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(resumed(), random());
}

TEST(Random, SeedsAndStreamsShareNoNumber) {
  std::set<uint64_t> seen;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    for (uint64_t stream = 0; stream < 20; ++stream) {
      Random random(seed, stream);
      for (int i = 0; i < 20; ++i) ASSERT_TRUE(seen.insert(random()).second);
    }
  }
}

struct Moments {
  double mean = 0, variance = 0;
};

template <class Draw>
Moments MomentsOf(Draw draw) {
  constexpr int kDraws = 100'000;
  double sum = 0, squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double x = draw();
    sum += x;
    squares += x * x;
  }
  return {sum / kDraws, squares / kDraws - sum * sum / kDraws / kDraws};
}

// Bounds are six standard errors, and the seed is fixed.
TEST(Random, DistributionsHaveTheirMoments) {
  Random random(1);
  const Moments uniform = MomentsOf([&] { return random.Uniform(); });
  EXPECT_NEAR(uniform.mean, 0.5, 0.006);
  EXPECT_NEAR(uniform.variance, 1.0 / 12, 0.002);
  const Moments normal = MomentsOf([&] { return random.Normal(); });
  EXPECT_NEAR(normal.mean, 0, 0.02);
  EXPECT_NEAR(normal.variance, 1, 0.03);
}

TEST(Random, NeighbouringStreamsDoNotCorrelate) {
  Random a(1, 0), b(1, 1);
  const Moments product = MomentsOf([&] { return (a.Uniform() - 0.5) * (b.Uniform() - 0.5); });
  EXPECT_NEAR(product.mean, 0, 0.0016);
}

TEST(Random, UniformAndBelowStayInTheirBounds) {
  Random random(2);
  for (int i = 0; i < 10'000; ++i) {
    const double x = random.Uniform(-2, 3);
    ASSERT_TRUE(x >= -2 && x < 3) << x;
  }
  for (const int64_t bound : {int64_t{1}, int64_t{3}, int64_t{1} << 40, INT64_MAX}) {
    for (int i = 0; i < 1000; ++i) {
      const int64_t x = random.Below(bound);
      ASSERT_TRUE(x >= 0 && x < bound) << x;
    }
  }
}

TEST(Random, ShuffleReachesEveryOrderAboutEquallyOften) {
  Random random(3);
  std::map<std::array<int, 3>, int> counts;
  for (int i = 0; i < 6000; ++i) {
    std::array<int, 3> items = {0, 1, 2};
    random.Shuffle(std::span<int>(items));
    ++counts[items];
  }
  EXPECT_EQ(counts.size(), 6u);
  for (const auto& [order, count] : counts) EXPECT_NEAR(count, 1000, 180);
  random.Shuffle(std::span<int>());
}

}  // namespace
}  // namespace disco
