// SPDX-License-Identifier: Apache-2.0
// The loop over epochs: learning rates, progress, measuring, log, checkpoints, interruption.
// Private to the room: shows LibTorch types.
//
// The epochs are split evenly over rounds; a round begins with what the caller does (pruning), and,
// with `restart`, with the schedule from its start. Thread rule: one thread. Errors: those of the
// learner and loader; kInterrupted, saying what is saved and how to go on.
#pragma once

#include <functional>

#include "disco/train/learner.h"
#include "disco/train/run_state.h"
#include "disco/train/schedule.h"
#include "disco/train/session.h"

namespace disco {

struct LoopOptions {
  std::string command, method;  // for the report
  int64_t epochs = 1;
  int64_t rounds = 1;  // no more than epochs, but at least one
  bool restart = false;
  double learning_rate = 0.1;  // at its peak
  double warmup_epochs = 0;
};

class TrainLoop {
 public:
  // Both have to outlive it.
  TrainLoop(TrainSession& session, Learner& learner, const LoopOptions& options);

  // `begin_round` is called with each round's number, from 0, and may change plan and report. Where
  // the run goes on from a checkpoint with a plan, the learner gets its mask and wires first.
  using BeginRound = std::function<Status(int64_t round, RunState& state)>;
  // The state in the end: report and plan.
  Result<RunState> Run(const BeginRound& begin_round);

 private:
  Status Resume();
  Status Save() const;
  Status RunEpoch();
  Status TrainRest();
  Status TrainOn(const Batch& batch);
  Status FinishEpoch();
  void LogEpoch();
  tl::unexpected<Error> Interrupt() const;
  // `error` with the place where the run failed, and what is saved.
  tl::unexpected<Error> InEpoch(const Error& error) const;
  tl::unexpected<Error> BetweenEpochs(const Error& error) const;
  // First epoch of a round.
  int64_t FirstEpoch(int64_t round) const { return round * options_.epochs / options_.rounds; }
  const TaskDef& task() const { return DefOf(session_.task); }
  int64_t batches() const { return session_.train->batches_per_epoch(); }
  // Learning rate for batch `batch` of the epoch being run.
  double RateAt(int64_t batch) const;

  TrainSession& session_;
  Learner& learner_;
  LoopOptions options_;
  ScheduleShape shape_ = ScheduleShape::kCosine;
  RunState state_;
};

}  // namespace disco
