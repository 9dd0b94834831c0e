// SPDX-License-Identifier: Apache-2.0
// Exponential moving average of all weights, running statistics too. Private to the room: shows
// LibTorch types.
//
//   average = d average + (1 - d) weight,   d = min(decay, (1 + n) / (10 + n))
//
// at update n since the start or Reset, so that first steps, far from the end, are soon forgotten.
// Thread rule: one thread. Errors: none.
#pragma once

#include <vector>

#include "disco/train/torch_network.h"

namespace disco {

class WeightAverage {
 public:
  // A decay of 0: there is no average, and nothing here does anything.
  WeightAverage(double decay, const std::vector<Weight>& weights);

  bool on() const { return decay_ > 0; }
  void Update();
  // Starts again from the weights as they are.
  void Reset();
  // Exchanges averages and weights.
  void Swap();
  const std::vector<at::Tensor>& averages() const { return averages_; }
  int64_t updates() const { return updates_; }
  void set_updates(int64_t updates) { updates_ = updates; }

 private:
  double decay_;
  int64_t updates_ = 0;
  std::vector<at::Tensor> weights_, averages_;
};

// While it lives, the network's weights are the averages.
class AveragedWeights {
 public:
  explicit AveragedWeights(WeightAverage& average) : average_(average) { average_.Swap(); }
  ~AveragedWeights() { average_.Swap(); }
  AveragedWeights(const AveragedWeights&) = delete;
  AveragedWeights& operator=(const AveragedWeights&) = delete;

 private:
  WeightAverage& average_;
};

}  // namespace disco
