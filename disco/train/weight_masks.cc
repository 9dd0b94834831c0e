// SPDX-License-Identifier: Apache-2.0
#include "disco/train/weight_masks.h"

#include "disco/op/work.h"
#include "disco/plan/mask.h"
#include "disco/train/torch_tensor.h"

namespace disco {

WeightMasks::WeightMasks(const BoundPlan& bound, const std::vector<Weight>& weights)
    : masks_(weights.size()) {
  for (const Op& op : bound.graph().ops) {
    if (!IsMixing(bound.graph(), op)) continue;
    for (size_t i = 0; i < weights.size(); ++i) {
      if (weights[i].value != op.inputs[1]) continue;
      const at::Tensor mask = ToTorch(WeightMask(bound, op));
      masks_[i] = masks_[i].defined() ? masks_[i] * mask : mask;
    }
  }
}

void WeightMasks::Apply(const std::vector<at::Tensor>& tensors) const {
  const at::NoGradGuard no_gradients;
  for (size_t i = 0; i < masks_.size(); ++i) {
    if (masks_[i].defined()) at::Tensor(tensors[i]).mul_(masks_[i]);
  }
}

void WeightMasks::ApplyToGradients(const std::vector<Weight>& weights) const {
  const at::NoGradGuard no_gradients;
  for (size_t i = 0; i < masks_.size(); ++i) {
    at::Tensor gradient = weights[i].tensor.grad();
    if (masks_[i].defined() && gradient.defined()) gradient.mul_(masks_[i]);
  }
}

}  // namespace disco
