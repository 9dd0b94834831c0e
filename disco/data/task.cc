// SPDX-License-Identifier: Apache-2.0
#include "disco/data/task.h"

#include <algorithm>
#include <array>

#include "disco/data/classification.h"

namespace disco {

std::span<const TaskDef> AllTasks() {
  static const std::array defs = {ClassificationTask()};
  return defs;
}

// Every task is defined at its value (task_test).
const TaskDef& DefOf(Task task) { return AllTasks()[static_cast<size_t>(task)]; }

const TaskDef* FindTask(std::string_view name) {
  const auto found = std::ranges::find(AllTasks(), name, &TaskDef::name);
  return found == AllTasks().end() ? nullptr : &*found;
}

std::string_view KeyOf(const TaskDef& task, size_t index) {
  return index == 0 ? "value" : task.metrics[index].name;
}

std::string ToString(const TaskDef& task, const MetricValues& values) {
  std::string text;
  for (size_t i = 0; i < values.size(); ++i)
    text += (i > 0 ? "  " : "") + ToString(task.metrics[i], values[i]);
  return text;
}

}  // namespace disco
