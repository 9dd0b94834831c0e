// SPDX-License-Identifier: Apache-2.0
#include "disco/cost/balanced_shares.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace disco {
namespace {

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

}  // namespace
}  // namespace disco
