// SPDX-License-Identifier: Apache-2.0
// What training knows of each task beside what data/task.h says: which networks fit, what the loss
// reads, the loss. Private to the module: shows LibTorch types. Thread rule: pure. Errors: none.
#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "disco/data/loader.h"
#include "disco/data/task.h"
#include "disco/graph/graph.h"
#include "disco/train/torch_compat.h"

namespace disco {

struct LossInputs {
  std::vector<at::Tensor> values;  // that the loss reads, float
  std::span<const Target> targets;
  at::Tensor teacher;          // its answer for the batch; undefined: there is no teacher
  double label_smoothing = 0;  // share of the target that is spread over all classes
};
// The mean over the batch, as a tensor of one element.
using Loss = std::function<at::Tensor(const LossInputs& inputs)>;

struct TaskTraining {
  Task task = Task::kClassification;
  std::string_view outputs;  // that a network has to have, for messages
  bool (*fits)(const Graph& graph) = nullptr;
  // Values of a graph that fits; its shapes are inferred.
  std::vector<ValueId> (*loss_reads)(const Graph& graph) = nullptr;
  at::Tensor (*loss)(const LossInputs& inputs) = nullptr;
};

// In the order of the enum.
std::span<const TaskTraining> AllTaskTrainings();
const TaskTraining& TrainingOf(Task task);

// The answer of a teacher for a batch. Errors: its own.
using Teacher = std::function<Result<at::Tensor>(const Batch& batch)>;

// What a run minimises.
struct Objective {
  Task task = Task::kClassification;
  Loss loss;
  Teacher teacher;  // may be empty
};
// Without a teacher.
Objective ObjectiveOf(Task task);

}  // namespace disco
