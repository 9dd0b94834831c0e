// SPDX-License-Identifier: Apache-2.0
#include "disco/train/train_loop.h"

#include <filesystem>

#include "disco/base/progress.h"

namespace disco {

TrainLoop::TrainLoop(Session& session, Learner& learner, const LoopOptions& options)
    : session_(session), learner_(learner), options_(options) {
  options_.rounds = std::clamp<int64_t>(options.rounds, 1, std::max<int64_t>(options.epochs, 1));
}

Result<RunReport> TrainLoop::Run(const BeginRound& begin_round, const Restore& restore) {
  DISCO_ASSIGN(shape_, ParseScheduleShape(session_.recipe.train.schedule));
  if (session_.options.resume) DISCO_TRY(Resume(restore));
  while (true) {
    while (state_.rounds_begun < options_.rounds &&
           FirstEpoch(state_.rounds_begun) <= state_.epoch) {
      if (auto begun = begin_round(state_.rounds_begun, state_); !begun)
        return BetweenEpochs(begun.error());
      ++state_.rounds_begun;
    }
    if (state_.epoch == options_.epochs) return state_.report;
    DISCO_TRY(RunEpoch());
  }
}

double TrainLoop::RateAt(int64_t step) const {
  const int64_t batches = session_.train->batches_per_epoch();
  const int64_t round = state_.rounds_begun - 1;
  const int64_t first = options_.restart ? FirstEpoch(round) : 0;
  const int64_t last = options_.restart ? FirstEpoch(round + 1) : options_.epochs;
  const Schedule schedule{
      .shape = shape_,
      .peak = options_.learning_rate,
      .warmup_steps = static_cast<int64_t>(options_.warmup_epochs * static_cast<double>(batches)),
      .total_steps = (last - first) * batches};
  return LearningRate(schedule, step - first * batches);
}

Status TrainLoop::RunEpoch() {
  const int64_t batches = session_.train->batches_per_epoch();
  const int64_t total = batches * session_.recipe.train.batch;
  Progress progress(fmt::format("epoch {}/{}", state_.epoch + 1, options_.epochs), "images", total);
  const Clock::time_point start = Clock::now();
  session_.train->StartEpoch(state_.epoch, state_.batch);
  const auto stop = [&]() -> Status {
    state_.report.seconds += Since(start).count() / 1e3;
    progress.Finish();
    return Interrupt();
  };
  while (state_.batch < batches) {
    if (session_.options.stop()) return stop();
    DISCO_ASSIGN(const std::optional<Batch> batch, session_.train->Next());
    if (!batch) break;
    DISCO_ASSIGN(const StepResult result, learner_.Step(*batch, state_.step, RateAt(state_.step)));
    const auto images = static_cast<int64_t>(batch->labels.size());
    ++state_.batch;
    ++state_.step;
    state_.images += images;
    state_.correct += result.correct;
    state_.loss_sum += result.loss * static_cast<double>(images);
    progress.Update(state_.images, fmt::format("loss {:.3f} accuracy {:.1f}%",
                                               state_.loss_sum / static_cast<double>(state_.images),
                                               100.0 * static_cast<double>(state_.correct) /
                                                   static_cast<double>(state_.images)));
  }
  progress.Finish();
  return FinishEpoch(Since(start));
}

Status TrainLoop::FinishEpoch(Milliseconds spent) {
  state_.batch = session_.train->batches_per_epoch();
  const Result<Accuracy> accuracy = learner_.Evaluate(*session_.val, session_.options.stop);
  if (!accuracy) {
    if (accuracy.error().kind != ErrorKind::kInterrupted) return tl::unexpected(accuracy.error());
    return Interrupt();
  }
  RunReport& report = state_.report;
  report.accuracy = accuracy->Top1Share();
  report.accuracy_top5 = accuracy->Top5Share();
  if (!report.rounds.empty()) report.rounds.back().after_fine_tuning = report.accuracy;
  report.epochs = state_.epoch + 1;
  report.images += state_.images;
  report.seconds += spent.count() / 1e3;
  const auto images = static_cast<double>(std::max<int64_t>(state_.images, 1));
  const double rate = RateAt(state_.step - 1);
  session_.log.Write("epoch", {{"epoch", state_.epoch + 1},
                               {"loss", state_.loss_sum / images},
                               {"accuracy", static_cast<double>(state_.correct) / images},
                               {"val_accuracy", report.accuracy},
                               {"val_accuracy_top5", report.accuracy_top5},
                               {"learning_rate", rate},
                               {"seconds", spent.count() / 1e3},
                               {"images_per_second", 1e3 * images / spent.count()}});
  fmt::print(stderr, "epoch {}/{}: accuracy {:.2f}% (learning rate {:.3g})\n", state_.epoch + 1,
             options_.epochs, 100 * report.accuracy, rate);
  ++state_.epoch;
  state_.batch = state_.images = state_.correct = 0;
  state_.loss_sum = 0;
  return Save();
}

Status TrainLoop::Save() const {
  Checkpoint checkpoint;
  learner_.Save(checkpoint);
  SaveState(state_, session_.hash, checkpoint);
  return WriteCheckpoint(checkpoint, session_.options.checkpoint);
}

Status TrainLoop::Resume(const Restore& restore) {
  const Path& path = session_.options.checkpoint;
  if (!std::filesystem::exists(path)) {
    return Fail(ErrorKind::kUsage, "no checkpoint {}; start anew without --resume", path.string());
  }
  DISCO_ASSIGN(const Checkpoint checkpoint, ReadCheckpoint(path));
  auto state = LoadState(checkpoint, session_.hash);
  if (!state) return At(path.string(), state.error());
  state_ = std::move(*state);
  if (state_.plan) restore(*state_.plan);
  if (auto restored = learner_.Restore(checkpoint); !restored) {
    return At(path.string(), restored.error());
  }
  session_.log.Write("resume", {{"epoch", state_.epoch + 1}, {"batch", state_.batch}});
  fmt::print(stderr, "goes on from {}: epoch {}, batch {}\n", path.string(), state_.epoch + 1,
             state_.batch);
  return {};
}

// A round that is stopped while it begins is begun anew: from the end of the epoch before.
tl::unexpected<Error> TrainLoop::BetweenEpochs(const Error& error) const {
  if (error.kind != ErrorKind::kInterrupted) return tl::unexpected(error);
  if (state_.epoch == 0)
    return Fail(ErrorKind::kInterrupted, "{}; nothing was trained yet, nothing is saved",
                error.message);
  return Fail(ErrorKind::kInterrupted,
              "{} after epoch {}; it is saved in {}; the same command with --resume goes on",
              error.message, state_.epoch, session_.options.checkpoint.string());
}

tl::unexpected<Error> TrainLoop::Interrupt() const {
  if (auto saved = Save(); !saved) return tl::unexpected(saved.error());
  return Fail(
      ErrorKind::kInterrupted,
      "stopped in epoch {}, after {} batches; saved {}; the same command with --resume goes "
      "on",
      state_.epoch + 1, state_.batch, session_.options.checkpoint.string());
}

}  // namespace disco
