// SPDX-License-Identifier: Apache-2.0
#include "disco/train/train.h"

#include "disco/train/train_loop.h"

namespace disco {
namespace {

Result<RunReport> RunTraining(const Recipe& recipe, const RunOptions& options) {
  if (recipe.train.epochs == 0)
    return Fail(ErrorKind::kUsage, "--epochs 0 trains nothing; give at least 1");
  DISCO_ASSIGN(TrainSession session, OpenTrainSession(recipe, options));
  Announce(session);
  DISCO_ASSIGN(const auto learner,
               Learner::Make(session.graph, recipe.train, ObjectiveOf(session.task)));
  TrainLoop loop(session, *learner,
                 {.command = "train",
                  .epochs = recipe.train.epochs,
                  .learning_rate = recipe.train.lr,
                  .warmup_epochs = recipe.train.warmup_epochs});
  const auto nothing = [](int64_t, RunState&) -> Status { return {}; };
  DISCO_ASSIGN(RunState end, loop.Run(nothing));
  DISCO_TRY(learner->WriteBack(session.graph));
  DISCO_TRY(Conclude(session, end.report));
  return end.report;
}

}  // namespace

Result<RunReport> Train(const Recipe& recipe, const RunOptions& options) {
  return Guarded([&] { return RunTraining(recipe, options); });
}

}  // namespace disco
