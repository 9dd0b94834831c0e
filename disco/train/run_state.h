// SPDX-License-Identifier: Apache-2.0
// Where a run stands: all that is not in its Learner. Versioned. Private to the module. Thread
// rule: plain values. Errors: kInvalid for a checkpoint of no run, or of another version, naming
// both.
#pragma once

#include <algorithm>
#include <optional>

#include "disco/plan/plan.h"
#include "disco/train/checkpoint.h"
#include "disco/train/report.h"

namespace disco {

inline constexpr int kRunStateVersion = 2;

// Of an epoch, so far.
struct EpochSums {
  double loss = 0;    // summed over images
  double metric = 0;  // the first of the task, summed over images
  int64_t images = 0;
  double seconds = 0;  // of training, without measuring

  friend bool operator==(const EpochSums&, const EpochSums&) = default;
  double Loss() const { return loss / Images(); }
  double Metric() const { return metric / Images(); }
  double ImagesPerSecond() const { return seconds > 0 ? Images() / seconds : 0; }

 private:
  double Images() const { return static_cast<double>(std::max<int64_t>(images, 1)); }
};

struct RunState {
  int64_t rounds_begun = 0;
  int64_t epoch = 0;  // being run, from 0
  int64_t batch = 0;  // of it, the next one
  int64_t step = 0;   // changes of the weights in all; a batch without a good picture makes none
  EpochSums sums;
  RunReport report;  // of the epochs that are done
  std::optional<Plan> plan;
};

void SaveState(const RunState& state, Checkpoint& checkpoint);
Result<RunState> LoadState(const Checkpoint& checkpoint);

}  // namespace disco
