// SPDX-License-Identifier: Apache-2.0
// Where a run stands: all that is not in its Learner. Thread rule: plain values.
// Errors: kInvalid for a checkpoint of another run or of no run, saying what to do.
#pragma once

#include <optional>

#include "disco/plan/plan.h"
#include "disco/train/checkpoint.h"
#include "disco/train/report.h"

namespace disco {

struct RunState {
  int64_t rounds_begun = 0;
  int64_t epoch = 0;  // being run, from 0
  int64_t batch = 0;  // of it, the next one
  int64_t step = 0;   // batches in all

  // Of the epoch so far.
  double loss_sum = 0;
  int64_t correct = 0, images = 0;

  RunReport report;
  std::optional<Plan> plan;
};

// `hash` names the run that may go on from it.
void SaveState(const RunState& state, uint64_t hash, Checkpoint& checkpoint);
Result<RunState> LoadState(const Checkpoint& checkpoint, uint64_t hash);

}  // namespace disco
