// SPDX-License-Identifier: Apache-2.0
#include "disco/cost/balanced_shares.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace disco {
namespace {

using testing::ElementsAre;

double Work(double share, double sparsity) {
  return share * (share + (1 - sparsity) * (1 - share));
}

TEST(BalancedShares, UnequalNodesTakeEquallyLong) {
  const std::vector<Milliseconds> times = {Milliseconds(10), Milliseconds(20), Milliseconds(35)};
  for (const double sparsity : {0.0, 0.5, 0.9, 0.99, 1.0}) {
    const std::vector<double> shares = BalancedShares(times, sparsity);
    EXPECT_NEAR(std::accumulate(shares.begin(), shares.end(), 0.0), 1, 1e-9);
    const double first = times[0].count() * Work(shares[0], sparsity);
    for (size_t node = 1; node < times.size(); ++node)
      EXPECT_NEAR(times[node].count() * Work(shares[node], sparsity), first, 1e-6) << sparsity;
  }
}

TEST(BalancedShares, DenseIsByProportionAndBranchesByItsRoot) {
  const std::vector<Milliseconds> times = {Milliseconds(1), Milliseconds(4)};
  EXPECT_NEAR(BalancedShares(times, 0)[0], 0.8, 1e-9);
  EXPECT_NEAR(BalancedShares(times, 1)[0], 2.0 / 3, 1e-9);
}

TEST(BalancedShares, WhatAMeasurementCannotTellApartIsEqual) {
  const std::vector<double> shares = BalancedShares({Milliseconds(10), Milliseconds(10.2)}, 0.9);
  EXPECT_EQ(shares[0], shares[1]);
}

TEST(InSixteenths, SharesStayNearAndAddUpToOne) {
  using Ways = std::vector<std::vector<double>>;
  EXPECT_EQ(InSixteenths({0.5, 0.3, 0.2}), (Ways{{8.0 / 16, 5.0 / 16, 3.0 / 16},
                                                 {8.0 / 16, 4.0 / 16, 4.0 / 16},
                                                 {9.0 / 16, 4.0 / 16, 3.0 / 16}}));
  EXPECT_EQ(InSixteenths({0.6, 0.4}), (Ways{{10.0 / 16, 6.0 / 16}, {9.0 / 16, 7.0 / 16}}));
  EXPECT_EQ(InSixteenths({0.75, 0.25}), (Ways{{0.75, 0.25}})) << "they are sixteenths";
  for (int nodes = 2; nodes <= 8; ++nodes) {
    std::vector<double> uneven(static_cast<size_t>(nodes), 0.9 / nodes);
    uneven[0] += 0.1;
    for (const std::vector<double>& rounded : InSixteenths(uneven)) {
      EXPECT_DOUBLE_EQ(std::accumulate(rounded.begin(), rounded.end(), 0.0), 1);
      for (size_t node = 0; node < uneven.size(); ++node)
        EXPECT_NEAR(rounded[node], uneven[node], 1.0 / 16);
    }
  }
}

TEST(InSixteenths, NobodyIsLeftWithNothing) {
  const std::vector<double> uneven = {0.98, 0.02};
  EXPECT_THAT(InSixteenths(uneven), ElementsAre(uneven));
  std::vector<double> many(9, 0.1);
  many[0] = 0.2;
  EXPECT_THAT(InSixteenths(many), ElementsAre(many));
  const std::vector<double> equal(3, 1.0 / 3);
  EXPECT_THAT(InSixteenths(equal), ElementsAre(equal));
}

}  // namespace
}  // namespace disco
