// SPDX-License-Identifier: Apache-2.0
#include "disco/train/weight_average.h"

#include <algorithm>

namespace disco {

WeightAverage::WeightAverage(double decay, const std::vector<Weight>& weights) : decay_(decay) {
  if (!on()) return;
  for (const Weight& weight : weights) {
    weights_.push_back(weight.tensor.detach());
    averages_.push_back(weights_.back().clone());
  }
}

void WeightAverage::Update() {
  const auto count = static_cast<double>(updates_++);
  const double decay = std::min(decay_, (1 + count) / (10 + count));
  for (size_t i = 0; i < averages_.size(); ++i) averages_[i].lerp_(weights_[i], 1 - decay);
}

void WeightAverage::Reset() {
  updates_ = 0;
  for (size_t i = 0; i < averages_.size(); ++i) averages_[i].copy_(weights_[i]);
}

void WeightAverage::Swap() {
  for (size_t i = 0; i < averages_.size(); ++i) {
    const at::Tensor weight = weights_[i].clone();
    weights_[i].copy_(averages_[i]);
    averages_[i].copy_(weight);
  }
}

}  // namespace disco
