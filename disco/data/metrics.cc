// SPDX-License-Identifier: Apache-2.0
#include "disco/data/metrics.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>

namespace disco {
namespace {

// Classes that come before `label` when sorted by score; all of them if the label has no place.
int64_t Rank(std::span<const float> scores, int64_t label) {
  const auto classes = static_cast<int64_t>(scores.size());
  if (label < 0 || label >= classes || std::isnan(scores[static_cast<size_t>(label)]))
    return classes;
  const float score = scores[static_cast<size_t>(label)];
  const auto before = scores.first(static_cast<size_t>(label));
  return std::count_if(scores.begin(), scores.end(), [=](float other) { return other > score; }) +
         std::count(before.begin(), before.end(), score);
}

}  // namespace

Accuracy AccuracyOf(const Tensor& logits, std::span<const int64_t> labels) {
  assert(logits.shape().rank() == 2 && logits.shape()[0] == static_cast<int64_t>(labels.size()));
  const auto classes = static_cast<size_t>(logits.shape()[1]);
  const auto scores = logits.Data<float>();
  Accuracy accuracy;
  for (size_t i = 0; i < labels.size(); ++i) {
    const std::span<const float> row = scores.subspan(i * classes, classes);
    const int64_t rank = Rank(row, labels[i]);
    const bool placed = rank < static_cast<int64_t>(classes);
    ++accuracy.images;
    accuracy.top1 += placed && rank < 1;
    accuracy.top5 += placed && rank < 5;
    accuracy.nan += std::ranges::any_of(row, [](float score) { return std::isnan(score); });
  }
  return accuracy;
}

std::vector<std::pair<int64_t, float>> TopK(std::span<const float> scores, int64_t k) {
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const auto size = static_cast<int64_t>(scores.size());
  const auto end = order.begin() + std::clamp<int64_t>(k, 0, size);
  std::partial_sort(order.begin(), end, order.end(), [&](size_t a, size_t b) {
    if (std::isnan(scores[a]) || std::isnan(scores[b])) {
      return std::isnan(scores[b]) && (!std::isnan(scores[a]) || a < b);
    }
    return scores[a] > scores[b] || (scores[a] == scores[b] && a < b);
  });
  std::vector<std::pair<int64_t, float>> best;
  for (auto it = order.begin(); it != end; ++it) best.emplace_back(*it, scores[*it]);
  return best;
}

std::vector<float> Softmax(std::span<const float> scores) {
  std::vector<float> result(scores.begin(), scores.end());
  if (result.empty()) return result;
  const float largest = *std::max_element(result.begin(), result.end());
  for (float& score : result) score = std::exp(score - largest);
  const double sum = std::accumulate(result.begin(), result.end(), 0.0);
  for (float& score : result) score = static_cast<float>(score / sum);
  return result;
}

}  // namespace disco
