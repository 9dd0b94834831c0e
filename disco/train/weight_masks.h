// SPDX-License-Identifier: Apache-2.0
// The masks of a plan as tensors that are multiplied with weights and gradients. Private to the
// room: shows LibTorch types. Thread rule: one thread. Errors: none.
#pragma once

#include <vector>

#include "disco/plan/bound_plan.h"
#include "disco/train/torch_network.h"

namespace disco {

class WeightMasks {
 public:
  WeightMasks() = default;  // keeps everything
  // `bound` is of the graph that `weights` come from.
  WeightMasks(const BoundPlan& bound, const std::vector<Weight>& weights);

  // Zeroes what is pruned; `tensors` in the order of the weights.
  void Apply(const std::vector<at::Tensor>& tensors) const;
  // Zeroes the gradients of what is pruned.
  void ApplyToGradients(const std::vector<Weight>& weights) const;

 private:
  std::vector<at::Tensor> masks_;  // by weight; undefined: nothing pruned
};

}  // namespace disco
