// SPDX-License-Identifier: Apache-2.0
// How good answers are: accuracy, best classes, probabilities. Thread rule: pure. Errors: none;
// shapes are asserted.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "disco/tensor/tensor.h"

namespace disco {

// Counts, so that the accuracies of batches and nodes add up.
struct Accuracy {
  int64_t images = 0, top1 = 0, top5 = 0;
  int64_t nan = 0;  // images with a NaN among their scores

  double Top1Share() const { return images == 0 ? 0 : double(top1) / double(images); }
  double Top5Share() const { return images == 0 ? 0 : double(top5) / double(images); }
  Accuracy& operator+=(const Accuracy& other) {
    images += other.images;
    top1 += other.top1;
    top5 += other.top5;
    nan += other.nan;
    return *this;
  }
  friend bool operator==(const Accuracy&, const Accuracy&) = default;
};

// `logits` is float [B, classes]; labels.size() = B. Among equal scores the lower class is first. A
// NaN, or a label that is no class, is never right.
Accuracy AccuracyOf(const Tensor& logits, std::span<const int64_t> labels);

// The k best (class, score), best first; fewer when there are fewer classes. NaNs come last.
std::vector<std::pair<int64_t, float>> TopK(std::span<const float> scores, int64_t k);

// Probabilities: exp(score) / sum of exp(score), computed without overflow.
std::vector<float> Softmax(std::span<const float> scores);

}  // namespace disco
