// SPDX-License-Identifier: Apache-2.0
#include "disco/cost/balanced_shares.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

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

std::vector<std::vector<double>> InSixteenths(const std::vector<double>& shares) {
  constexpr int kParts = 16;
  constexpr size_t kMostNodes = 8;
  const auto [least, most] = std::ranges::minmax(shares);
  if (shares.size() > kMostNodes || least == most) return {shares};
  std::vector<double> down;
  for (const double share : shares) down.push_back(std::floor(share * kParts));
  // The nodes that lose most by rounding down get the parts that are left.
  std::vector<size_t> nodes(shares.size());
  std::iota(nodes.begin(), nodes.end(), size_t{0});
  std::ranges::sort(
      nodes, {}, [&](size_t node) { return std::pair(down[node] - shares[node] * kParts, node); });
  const auto left = static_cast<size_t>(kParts - SumOf(down));
  const size_t end = left == 0 ? 1 : nodes.size();
  std::vector<std::vector<double>> ways;
  for (size_t last = left == 0 ? 0 : left - 1; last < end; ++last) {
    std::vector<double> parts = down;
    for (size_t i = 0; i + 1 < left; ++i) parts[nodes[i]] += 1;
    if (left > 0) parts[nodes[last]] += 1;
    for (double& part : parts) part /= kParts;
    const bool all_have_some = std::ranges::find(parts, 0.0) == parts.end();
    if (!all_have_some && ways.empty()) return {shares};
    if (all_have_some) ways.push_back(std::move(parts));
  }
  return ways;
}

}  // namespace disco
