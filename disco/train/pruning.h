// SPDX-License-Identifier: Apache-2.0
// What may differ between ways of making a network sparse, as functions. The defaults are those of
// DISCO. Private to the module: shows LibTorch types. Thread rule: called from the thread that
// trains.
#pragma once

#include "disco/train/learner.h"
#include "disco/train/session.h"

namespace disco {

// The network with what its sub-rows are scored by in the places of the weights: the plan keeps
// those of the largest L1 norm (see plan/mask.h). The graph of `session` has the weights of
// `learner`.
using Score = std::function<Result<Graph>(TrainSession& session, Learner& learner)>;
Result<Graph> ScoreByWeights(TrainSession& session, Learner& learner);

struct PruningRound {
  int64_t round = 0, rounds = 1;  // from 0
  double sparsity = 0;            // S at the end of the last round
};
// S at the beginning of a round. It may not fall, and ends at that of the last round.
using SparsitySchedule = std::function<double(const PruningRound& round)>;
// The fraction kept goes geometrically from 1 to 1 - S.
double GeometricSparsity(const PruningRound& round);

struct Pruning {
  Score score = ScoreByWeights;
  SparsitySchedule schedule = GeometricSparsity;
  Teacher teacher;  // of fine-tuning; empty: there is none
  Loss loss;        // of fine-tuning; empty: that of the task
};

}  // namespace disco
