// SPDX-License-Identifier: Apache-2.0
#include "disco/train/train_loop.h"

#include "disco/base/progress.h"
#include "disco/base/standard_streams.h"

namespace disco {

TrainLoop::TrainLoop(TrainSession& session, Learner& learner, const LoopOptions& options)
    : session_(session), learner_(learner), options_(options) {
  state_.report.task = session.task;
  state_.report.command = options.command;
  state_.report.method = options.method;
}

Result<RunState> TrainLoop::Run(const BeginRound& begin_round) {
  DISCO_ASSIGN(shape_, ParseScheduleShape(session_.recipe.train.schedule));
  if (session_.options.resume) DISCO_TRY(Resume());
  while (true) {
    while (state_.rounds_begun < options_.rounds &&
           FirstEpoch(state_.rounds_begun) <= state_.epoch) {
      if (auto begun = begin_round(state_.rounds_begun, state_); !begun)
        return BetweenEpochs(begun.error());
      ++state_.rounds_begun;
    }
    if (state_.epoch == options_.epochs) return state_;
    DISCO_TRY(RunEpoch());
  }
}

// By the batch's place, so that one that is left out does not put off the end of the schedule.
double TrainLoop::RateAt(int64_t batch) const {
  const int64_t round = state_.rounds_begun - 1;
  const int64_t first = options_.restart ? FirstEpoch(round) : 0;
  const int64_t last = options_.restart ? FirstEpoch(round + 1) : options_.epochs;
  const Schedule schedule{
      .shape = shape_,
      .peak = options_.learning_rate,
      .warmup_steps = static_cast<int64_t>(options_.warmup_epochs * static_cast<double>(batches())),
      .total_steps = (last - first) * batches()};
  return LearningRate(schedule, (state_.epoch - first) * batches() + batch);
}

Status TrainLoop::RunEpoch() {
  if (state_.batch < batches()) DISCO_TRY(TrainRest());
  return FinishEpoch();
}

// What is left to train of the epoch.
Status TrainLoop::TrainRest() {
  const int64_t images_before = state_.sums.images;
  Progress progress(fmt::format("epoch {}/{}", state_.epoch + 1, options_.epochs), "images",
                    (batches() - state_.batch) * session_.recipe.train.batch);
  const Clock::time_point start = Clock::now();
  session_.train->StartEpoch(state_.epoch, state_.batch);
  bool stopped = false;
  while (state_.batch < batches()) {
    stopped = session_.options.stop();
    if (stopped) break;
    DISCO_ASSIGN(const std::optional<Batch> batch, session_.train->Next());
    if (!batch) break;
    DISCO_TRY(TrainOn(*batch));
    progress.Update(state_.sums.images - images_before,
                    fmt::format("loss {:.3f} {}", state_.sums.Loss(),
                                ToString(task().metric(), state_.sums.Metric())));
  }
  progress.Finish();
  state_.sums.seconds += Since(start).count() / 1e3;
  if (stopped) return Interrupt();
  state_.batch = batches();  // also where the last ones were left out
  return {};
}

Status TrainLoop::TrainOn(const Batch& batch) {
  const auto result = learner_.Step(batch, state_.step, RateAt(batch.number));
  if (!result) return InEpoch(result.error());
  const auto images = static_cast<int64_t>(batch.targets.size());
  state_.batch = batch.number + 1;
  ++state_.step;
  state_.sums.images += images;
  state_.sums.metric += result->metric * static_cast<double>(images);
  state_.sums.loss += result->loss * static_cast<double>(images);
  return {};
}

Status TrainLoop::FinishEpoch() {
  if (state_.sums.images == 0) {
    return InEpoch({ErrorKind::kInvalid, "no batch has enough pictures that can be read"});
  }
  if (const Status finite = learner_.CheckFinite(); !finite) return InEpoch(finite.error());
  const Result<MetricValues> values = learner_.Evaluate(*session_.val, session_.options.stop);
  if (!values) {
    if (values.error().kind != ErrorKind::kInterrupted) return InEpoch(values.error());
    return Interrupt();
  }
  RunReport& report = state_.report;
  report.values = *values;
  if (!report.rounds.empty()) report.rounds.back().after_fine_tuning = report.Value();
  report.epochs = state_.epoch + 1;
  report.images += state_.sums.images;
  report.seconds += state_.sums.seconds;
  LogEpoch();
  ++state_.epoch;
  state_.batch = 0;
  state_.sums = {};
  return Save();
}

void TrainLoop::LogEpoch() {
  const RunReport& report = state_.report;
  const double rate = RateAt(batches() - 1);
  nlohmann::ordered_json fields = {{"epoch", report.epochs},
                                   {"loss", state_.sums.Loss()},
                                   {"metric", task().metric().name},
                                   {"train_value", state_.sums.Metric()}};
  for (size_t i = 0; i < report.values.size(); ++i) fields[KeyOf(task(), i)] = report.values[i];
  fields["learning_rate"] = rate;
  fields["seconds"] = state_.sums.seconds;
  fields["images_per_second"] = state_.sums.ImagesPerSecond();
  session_.log.Write("epoch", fields);
  PrintError("epoch {}/{}: {} (learning rate {:.3g})\n", report.epochs, options_.epochs,
             ToString(task().metric(), report.Value()), rate);
}

Status TrainLoop::Save() const {
  Checkpoint checkpoint;
  learner_.Save(checkpoint);
  SaveState(state_, checkpoint);
  SaveIdentity(session_.identity, checkpoint);
  return WriteCheckpoint(checkpoint, session_.options.checkpoint);
}

Status TrainLoop::Resume() {
  const Path& path = session_.options.checkpoint;
  DISCO_ASSIGN(const Checkpoint checkpoint, ReadCheckpoint(path));
  auto state = LoadState(checkpoint);
  if (!state) return At(path.string(), state.error());
  if (state->report.command != options_.command) {
    return Fail(ErrorKind::kInvalid, "{}: it belongs to disco {}, not to disco {}", path.string(),
                state->report.command, options_.command);
  }
  if (auto same = CheckIdentity(session_.identity, checkpoint); !same) {
    return At(path.string(), same.error());
  }
  state_ = std::move(*state);
  if (state_.plan) {
    auto bound = Bind(session_.graph, *state_.plan);
    if (!bound) return At(path.string(), bound.error());
    learner_.Prune(*bound);
    learner_.SetWires(*bound);
  }
  if (auto restored = learner_.Restore(checkpoint); !restored) {
    return At(path.string(), restored.error());
  }
  session_.log.Write("resume", {{"epoch", state_.epoch + 1}, {"batch", state_.batch}});
  PrintError("goes on from {}: epoch {}, batch {}\n", path.string(), state_.epoch + 1,
             state_.batch);
  return {};
}

// A round that is stopped while it begins is begun anew: from the end of the epoch before, which is
// in the checkpoint.
tl::unexpected<Error> TrainLoop::BetweenEpochs(const Error& error) const {
  if (error.kind != ErrorKind::kInterrupted) return tl::unexpected(error);
  if (state_.epoch == 0) {
    return Fail(ErrorKind::kInterrupted,
                "{}, before the first epoch; nothing was trained and nothing is saved: the same "
                "command starts again",
                error.message);
  }
  return Fail(ErrorKind::kInterrupted,
              "{}, after epoch {}, which is saved in {}; the same command with --resume goes on",
              error.message, state_.epoch, session_.options.checkpoint.string());
}

tl::unexpected<Error> TrainLoop::InEpoch(const Error& error) const {
  const std::string kept =
      state_.epoch == 0 ? ""
                        : fmt::format("; {} keeps what was learnt before epoch {}",
                                      session_.options.checkpoint.string(), state_.epoch + 1);
  return Fail(error.kind, "epoch {}, after {} steps: {}{}", state_.epoch + 1, state_.step,
              error.message, kept);
}

tl::unexpected<Error> TrainLoop::Interrupt() const {
  if (auto saved = Save(); !saved) return tl::unexpected(saved.error());
  return Fail(ErrorKind::kInterrupted,
              "stopped in epoch {}, after {} batches; saved {}; the same command with --resume "
              "goes on",
              state_.epoch + 1, state_.batch, session_.options.checkpoint.string());
}

}  // namespace disco
