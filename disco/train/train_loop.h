// SPDX-License-Identifier: Apache-2.0
// The loop over epochs: learning rates, progress, measuring, log, checkpoints, interruption.
// Private to the room: shows LibTorch types.
//
// The epochs are split evenly over rounds; a round begins with what the caller does (pruning), and,
// with `restart`, with the schedule from its start. Thread rule: one thread. Errors: those of the
// learner and loader; kInterrupted after saving.
#pragma once

#include <functional>

#include "disco/train/learner.h"
#include "disco/train/run_state.h"
#include "disco/train/schedule.h"
#include "disco/train/session.h"

namespace disco {

struct LoopOptions {
  int64_t epochs = 1, rounds = 1;
  bool restart = false;
  double learning_rate = 0.1;  // at its peak
  double warmup_epochs = 0;
};

class TrainLoop {
 public:
  // Both have to outlive it.
  TrainLoop(Session& session, Learner& learner, const LoopOptions& options);

  // `begin_round` is called with each round's number, from 0, and may change plan and report.
  using BeginRound = std::function<Status(int64_t round, RunState& state)>;
  // `restore` is called once where the run goes on from a checkpoint with a plan.
  using Restore = std::function<void(const Plan& plan)>;
  Result<RunReport> Run(const BeginRound& begin_round, const Restore& restore);

 private:
  Status Resume(const Restore& restore);
  Status Save() const;
  Status RunEpoch();
  Status FinishEpoch(Milliseconds spent);
  tl::unexpected<Error> Interrupt() const;
  tl::unexpected<Error> BetweenEpochs(const Error& error) const;
  // First epoch of a round.
  int64_t FirstEpoch(int64_t round) const { return round * options_.epochs / options_.rounds; }
  double RateAt(int64_t step) const;

  Session& session_;
  Learner& learner_;
  LoopOptions options_;
  ScheduleShape shape_ = ScheduleShape::kCosine;
  RunState state_;
};

}  // namespace disco
