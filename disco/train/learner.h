// SPDX-License-Identifier: Apache-2.0
// Learner: a network with all that changes while it learns: weights, optimizer, averages, masks.
// Private to the room: shows LibTorch types.
//
// A network is trained on what the loss of its task reads (see task_training.h) and measured on
// what it answers. Thread rule: one thread. Errors: kInvalid when a loss or weight is not finite,
// or with LibTorch's words.
#pragma once

#include <memory>

#include "disco/train/checkpoint.h"
#include "disco/train/evaluate.h"
#include "disco/train/optimizer.h"
#include "disco/train/recipe.h"
#include "disco/train/task_training.h"
#include "disco/train/weight_average.h"
#include "disco/train/weight_masks.h"

namespace disco {

struct StepResult {
  double loss = 0;    // mean over the batch
  double metric = 0;  // the first of the task, over the batch
};

class Learner {
 public:
  // `graph` fits the task. Errors: also kUnsupported, of what cannot be trained, or of bf16 where
  // it does not work.
  static Result<std::unique_ptr<Learner>> Make(Graph graph, const TrainRecipe& recipe,
                                               const Objective& objective);

  // `step` counts from 0 over the whole run; Dropout's numbers depend on it and the seed alone.
  // Errors: also those of the teacher.
  Result<StepResult> Step(const Batch& batch, int64_t step, double learning_rate);

  // From now on, what the plan prunes is zero. Training goes on from the averages, if there are
  // any. `bound` is of the graph that the learner was made of.
  void Prune(const BoundPlan& bound);
  // From now on, features travel as the plan says; it prunes what the plan of Prune does.
  void SetWires(const BoundPlan& bound) { network_.SetPlan(bound); }

  // With the averages, if there are any.
  Result<MetricValues> Evaluate(Loader& loader, const StopQuestion& stop);
  Status Recalibrate(Loader& loader, const Recalibration& recalibration, const StopQuestion& stop);
  // Errors: kInvalid naming a weight that is not finite.
  Status WriteBack(Graph& graph);
  // Of all that Save saves. Errors: kInvalid naming a tensor that is not finite.
  Status CheckFinite() const;

  void Save(Checkpoint& checkpoint) const;
  // Masks and wires are not in it: Prune and SetWires first. Errors: kInvalid naming the tensor
  // that does not fit.
  Status Restore(const Checkpoint& checkpoint);

  const TorchNetwork& network() const { return network_; }

 private:
  Learner(TorchNetwork network, const TrainRecipe& recipe, const Objective& objective,
          const OptimizerOptions& options);
  Result<std::vector<at::Tensor>> Forward(const Batch& batch);
  // What the loss reads, of what Forward gives for `batch`.
  Result<LossInputs> InputsOf(const std::vector<at::Tensor>& outputs, const Batch& batch) const;
  void ZeroGradients();
  std::vector<at::Tensor> Tensors() const;

  TrainRecipe recipe_;
  Objective objective_;
  size_t answers_ = 1;  // outputs of the network; those after them are for the loss
  TorchNetwork network_;
  std::unique_ptr<Optimizer> optimizer_;
  WeightAverage average_;
  WeightMasks masks_;
};

}  // namespace disco
