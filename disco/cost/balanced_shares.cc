// SPDX-License-Identifier: Apache-2.0
#include "disco/cost/balanced_shares.h"

#include <algorithm>
#include <cmath>

namespace disco {
namespace {

// The share s whose work S s^2 + (1 - S) s is `work`.
double ShareOfWork(double work, double sparsity) {
  if (sparsity < 1e-9) return work;
  const double linear = 1 - sparsity;
  return (std::sqrt(linear * linear + 4 * sparsity * work) - linear) / (2 * sparsity);
}

double SumOf(const std::vector<double>& shares) {
  double sum = 0;
  for (const double share : shares) sum += share;
  return sum;
}

}  // namespace

std::vector<double> BalancedShares(const std::vector<Milliseconds>& times, double sparsity) {
  constexpr double kAlike = 1.03;
  const auto [least, most] = std::ranges::minmax(times);
  std::vector<double> shares(times.size(), 1.0 / static_cast<double>(times.size()));
  if (most <= least * kAlike || least <= Milliseconds(0)) return shares;
  // The common time, between none and that of the slowest node alone.
  double low = 0, high = most.count();
  constexpr int kHalvings = 60;
  for (int i = 0; i < kHalvings; ++i) {
    const double common = (low + high) / 2;
    for (size_t node = 0; node < times.size(); ++node)
      shares[node] = ShareOfWork(common / times[node].count(), sparsity);
    (SumOf(shares) < 1 ? low : high) = common;
  }
  const double sum = SumOf(shares);  // 1 but for rounding
  for (double& share : shares) share /= sum;
  return shares;
}

}  // namespace disco
