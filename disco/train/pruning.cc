// SPDX-License-Identifier: Apache-2.0
#include "disco/train/pruning.h"

#include <cmath>

namespace disco {

Result<Graph> ScoreByWeights(TrainSession& session, Learner&) { return session.graph; }

double GeometricSparsity(const PruningRound& round) {
  if (round.round + 1 == round.rounds) return round.sparsity;
  const double share = static_cast<double>(round.round + 1) / static_cast<double>(round.rounds);
  return 1 - std::pow(1 - round.sparsity, share);
}

}  // namespace disco
