// SPDX-License-Identifier: Apache-2.0
// What a run has found out: metrics of its task, times, files. A value without a name is of the
// task's first metric. Thread rule: plain values. Errors: kInvalid for a text that is no report.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "disco/base/units.h"
#include "disco/data/task.h"

namespace disco {

// One round of pruning and fine-tuning.
struct RoundReport {
  double sparsity = 0;  // S that was pruned to
  double after_pruning = 0, after_recalibration = 0, after_fine_tuning = 0;
  friend bool operator==(const RoundReport&, const RoundReport&) = default;
};

struct RunReport {
  std::string command;  // "train" or "sparsify"
  std::string method;   // of sparsify; empty: none of its fields is there
  Task task = Task::kClassification;
  double value_before = 0;  // of sparsify
  std::vector<RoundReport> rounds;
  MetricValues values;  // in the end; empty: nothing was measured
  int64_t epochs = 0;   // done
  int64_t images = 0;   // trained on, with repeats
  Bytes traffic;        // of one inference by the plan, all nodes; sparsify
  double seconds = 0;   // of training, without measuring
  std::map<std::string, std::string> files;
  std::vector<std::string> warnings;  // of the data

  friend bool operator==(const RunReport&, const RunReport&) = default;
  double Value() const { return values.empty() ? 0 : values.front(); }
  double ImagesPerSecond() const { return seconds > 0 ? static_cast<double>(images) / seconds : 0; }
};

// One object on one line.
std::string ReportToJson(const RunReport& report);
Result<RunReport> ReportFromJson(std::string_view text);

}  // namespace disco
