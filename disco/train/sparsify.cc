// SPDX-License-Identifier: Apache-2.0
#include "disco/train/sparsify.h"

#include "disco/base/standard_streams.h"
#include "disco/plan/assignment.h"
#include "disco/plan/calibrate.h"
#include "disco/plan/make_plan.h"
#include "disco/plan/plan_file.h"
#include "disco/train/calibrate_wires.h"
#include "disco/train/train_loop.h"

namespace disco {
namespace {

Result<PlanOptions> PlanOptionsOf(const Recipe& recipe) {
  const SparsifyRecipe& sparsify = recipe.sparsify;
  PlanOptions options{.nodes = static_cast<int>(sparsify.nodes),
                      .sparsity = sparsify.sparsity,
                      .allow_empty = sparsify.allow_empty,
                      .seed = static_cast<uint64_t>(recipe.train.seed)};
  DISCO_ASSIGN(options.method, ParseMethod(sparsify.method));
  DISCO_ASSIGN(options.shares, ParseShares(sparsify.shares, options.nodes));
  return options;
}

Result<WireType> WireOf(const SparsifyRecipe& recipe) {
  const auto type = ParseWireType(recipe.wire);
  if (!type) return At("--wire", {ErrorKind::kUsage, type.error().message});
  return type;
}

// Of pruning and fine-tuning: no more than there are epochs to fine-tune in.
int64_t RoundsOf(const SparsifyRecipe& recipe) {
  return std::min(recipe.rounds, std::max<int64_t>(recipe.epochs, 1));
}

// What happens at the beginning of rounds: pruning, and fixing how features travel.
class Pruner {
 public:
  struct Options {
    const Pruning& pruning;
    const PlanOptions& plan;
    WireType wire;
  };
  Pruner(TrainSession& session, Learner& learner, const Options& options)
      : session_(session), learner_(learner), options_(options) {}

  Status BeginRound(int64_t round, RunState& state) {
    const bool in_rounds = options_.plan.method.method == Method::kDisco;
    if (round > 0 && !in_rounds) return SetWires(state);
    if (round == 0) {
      DISCO_ASSIGN(const MetricValues before, Measure("before pruning"));
      state.report.value_before = before.front();
    }
    PlanOptions now = options_.plan;
    if (in_rounds) now.sparsity = SparsityOf(round);
    DISCO_TRY(learner_.WriteBack(session_.graph));
    DISCO_ASSIGN(const Graph scored, options_.pruning.score(session_, learner_));
    DISCO_ASSIGN(state.plan, Pruned(scored, state.plan, now));
    DISCO_ASSIGN(const BoundPlan bound, Bind(session_.graph, *state.plan));
    learner_.Prune(bound);
    DISCO_TRY(SetWires(state));
    return Report(state);
  }

 private:
  double SparsityOf(int64_t round) const {
    return options_.pruning.schedule(
        {round, RoundsOf(session_.recipe.sparsify), options_.plan.sparsity});
  }

  // By the weights of `scored`, of what `plan` keeps or of everything.
  static Result<Plan> Pruned(const Graph& scored, const std::optional<Plan>& plan,
                             const PlanOptions& options) {
    if (!plan) return MakePlan(scored, options);
    DISCO_ASSIGN(const BoundPlan bound, Bind(scored, *plan));
    return PruneFurther(bound, options);
  }

  // Features travel as the recipe says; as int8, by scales for the weights as they are.
  Status SetWires(RunState& state) {
    if (options_.wire == WireType::kInt8) {
      DISCO_TRY(learner_.WriteBack(session_.graph));
      DISCO_ASSIGN(state.plan,
                   CalibrateWires(session_.graph, *state.plan, *session_.train,
                                  {state.epoch, session_.recipe.sparsify.calibrate_images},
                                  session_.options.stop));
    } else {
      state.plan = WithWire(*state.plan, options_.wire);
    }
    DISCO_ASSIGN(const BoundPlan bound, Bind(session_.graph, *state.plan));
    learner_.SetWires(bound);
    return {};
  }

  Result<MetricValues> Measure(std::string_view when) {
    DISCO_ASSIGN(const MetricValues values,
                 learner_.Evaluate(*session_.val, session_.options.stop));
    PrintError("{} {}\n", ToString(metric(), values.front()), when);
    return values;
  }

  Status Report(RunState& state) {
    RoundReport report{.sparsity = state.plan->sparsity};
    DISCO_ASSIGN(
        const MetricValues pruned,
        Measure(fmt::format("right after pruning to S = {:.1f}% ({}, {})", 100 * report.sparsity,
                            state.plan->method, Name(options_.wire))));
    report.after_pruning = pruned.front();
    const int64_t batch = session_.recipe.train.batch;
    const Recalibration recalibration{
        state.epoch, (session_.recipe.sparsify.recalibration_images + batch - 1) / batch};
    DISCO_TRY(learner_.Recalibrate(*session_.train, recalibration, session_.options.stop));
    DISCO_TRY(SetWires(state));
    DISCO_ASSIGN(const MetricValues recalibrated, Measure("after recalibration"));
    report.after_recalibration = report.after_fine_tuning = recalibrated.front();
    state.report.values = recalibrated;
    session_.log.Write("prune", {{"epoch", state.epoch + 1},
                                 {"sparsity", report.sparsity},
                                 {"metric", metric().name},
                                 {"value_after_pruning", report.after_pruning},
                                 {"value_after_recalibration", report.after_recalibration}});
    state.report.rounds.push_back(report);
    return {};
  }

  const Metric& metric() const { return DefOf(session_.task).metric(); }

  TrainSession& session_;
  Learner& learner_;
  Options options_;
};

Objective ObjectiveBy(const Pruning& pruning, Task task) {
  Objective objective = ObjectiveOf(task);
  objective.teacher = pruning.teacher;
  if (pruning.loss) objective.loss = pruning.loss;
  return objective;
}

Result<RunReport> RunSparsifying(const Pruning& pruning, const Recipe& recipe,
                                 const RunOptions& options) {
  if (options.plan.empty()) {
    return Fail(ErrorKind::kUsage, "where to? name the plan to write with --plan");
  }
  DISCO_ASSIGN(const PlanOptions plan_options, PlanOptionsOf(recipe));
  DISCO_ASSIGN(const WireType wire, WireOf(recipe.sparsify));
  DISCO_ASSIGN(TrainSession session, OpenTrainSession(recipe, options));
  DISCO_TRY(MakePlan(session.graph, plan_options));  // refuses a stage that is not there
  Announce(session);
  DISCO_ASSIGN(const auto learner,
               Learner::Make(session.graph, recipe.train, ObjectiveBy(pruning, session.task)));
  TrainLoop loop(session, *learner,
                 {.command = "sparsify",
                  .method = recipe.sparsify.method,
                  .epochs = recipe.sparsify.epochs,
                  .rounds = RoundsOf(recipe.sparsify),
                  .restart = recipe.sparsify.restart,
                  .learning_rate = recipe.sparsify.lr});
  Pruner pruner(session, *learner, {pruning, plan_options, wire});
  DISCO_ASSIGN(RunState end, loop.Run([&](int64_t round, RunState& state) {
    return pruner.BeginRound(round, state);
  }));
  DISCO_TRY(learner->WriteBack(session.graph));
  RunReport& report = end.report;
  DISCO_ASSIGN(const BoundPlan bound, Bind(session.graph, *end.plan));
  report.traffic = TotalBytes(bound.traffic());
  DISCO_TRY(WritePlan(*end.plan, session.options.plan));
  report.files["plan"] = session.options.plan.string();
  DISCO_TRY(Conclude(session, report));
  return report;
}

}  // namespace

Result<RunReport> SparsifyBy(const Pruning& pruning, const Recipe& recipe,
                             const RunOptions& options) {
  return Guarded([&] { return RunSparsifying(pruning, recipe, options); });
}

Result<RunReport> Sparsify(const Recipe& recipe, const RunOptions& options) {
  return SparsifyBy({}, recipe, options);
}

}  // namespace disco
