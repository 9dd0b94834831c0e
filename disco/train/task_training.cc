// SPDX-License-Identifier: Apache-2.0
#include "disco/train/task_training.h"

#include <array>

#include "disco/train/logits.h"
#include "disco/train/torch_tensor.h"

namespace disco {
namespace {

// Reduction::Mean of LibTorch, and the label that it would leave out.
constexpr int64_t kMean = 1, kNoLabel = -100;

at::Tensor CrossEntropy(const LossInputs& inputs) {
  // A copy: the gradient needs it later.
  const at::Tensor labels = ViewAsTorch(Tensor::Indices(LabelsOf(inputs.targets))).clone();
  return at::cross_entropy_loss(inputs.values[0], labels, {}, kMean, kNoLabel,
                                inputs.label_smoothing);
}

TaskTraining TrainClassification() {
  return {.task = Task::kClassification,
          .outputs = "one output [N, classes]",
          .fits =
              [](const Graph& graph) {
                return graph.outputs.size() == 1 && graph.value(graph.outputs[0]).shape.rank() == 2;
              },
          .loss_reads = [](const Graph& graph) { return std::vector{LogitsOf(graph)}; },
          .loss = CrossEntropy};
}

}  // namespace

std::span<const TaskTraining> AllTaskTrainings() {
  static const std::array trainings = {TrainClassification()};
  return trainings;
}

// Every task is listed at its value (task_training_test).
const TaskTraining& TrainingOf(Task task) { return AllTaskTrainings()[static_cast<size_t>(task)]; }

Objective ObjectiveOf(Task task) { return {.task = task, .loss = TrainingOf(task).loss}; }

}  // namespace disco
