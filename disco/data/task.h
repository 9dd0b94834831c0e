// SPDX-License-Identifier: Apache-2.0
// Task: what a network is for. The table of tasks binds a target to the metrics that answers are
// measured by; the losses stand in train/task_training.h. Nothing else knows what a metric is made
// of. Thread rule: pure functions. Errors: none.
#pragma once

#include <memory>

#include "disco/data/metric.h"

namespace disco {

enum class Task : uint8_t { kClassification };

struct TaskDef {
  Task task = Task::kClassification;
  std::string_view name;
  size_t target = 0;                // index of its alternative in Target
  std::span<const Metric> metrics;  // the first is the one that networks are compared by
  std::unique_ptr<Meter> (*make_meter)() = nullptr;

  const Metric& metric() const { return metrics.front(); }
};

// In the order of the enum.
std::span<const TaskDef> AllTasks();
const TaskDef& DefOf(Task task);
// Null: no task has this name.
const TaskDef* FindTask(std::string_view name);

// The key of metric `index` in JSON: "value" of the first, whose name stands under "metric"; the
// name of each other.
std::string_view KeyOf(const TaskDef& task, size_t index);

// "accuracy 93.1 %  top5 98.2 %"
std::string ToString(const TaskDef& task, const MetricValues& values);

}  // namespace disco
