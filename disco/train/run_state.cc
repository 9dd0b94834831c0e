// SPDX-License-Identifier: Apache-2.0
#include "disco/train/run_state.h"

#include <nlohmann/json.hpp>

#include "disco/plan/plan_file.h"

namespace disco {
namespace {

using Json = nlohmann::ordered_json;

Status CheckVersion(const Json& position) {
  const int64_t version = position.value("version", int64_t{1});  // 1 did not name itself
  if (version == kRunStateVersion) return {};
  return Fail(ErrorKind::kInvalid,
              "it is of version {}, this disco reads {}; go on with the disco that wrote it, or "
              "remove it to start anew",
              version, kRunStateVersion);
}

}  // namespace

void SaveState(const RunState& state, Checkpoint& checkpoint) {
  const Json position = {{"version", kRunStateVersion},
                         {"rounds_begun", state.rounds_begun},
                         {"epoch", state.epoch},
                         {"batch", state.batch},
                         {"step", state.step},
                         {"loss_sum", state.sums.loss},
                         {"metric_sum", state.sums.metric},
                         {"images", state.sums.images},
                         {"seconds", state.sums.seconds}};
  checkpoint.texts["position"] = position.dump();
  checkpoint.texts["report"] = ReportToJson(state.report);
  if (state.plan) checkpoint.texts["plan"] = PlanToJson(*state.plan);
}

Result<RunState> LoadState(const Checkpoint& checkpoint) {
  try {
    const Json position = Json::parse(checkpoint.texts.at("position"));
    DISCO_TRY(CheckVersion(position));
    RunState state{.rounds_begun = position.at("rounds_begun"),
                   .epoch = position.at("epoch"),
                   .batch = position.at("batch"),
                   .step = position.at("step"),
                   .sums = {.loss = position.at("loss_sum"),
                            .metric = position.at("metric_sum"),
                            .images = position.at("images"),
                            .seconds = position.at("seconds")}};
    DISCO_ASSIGN(state.report, ReportFromJson(checkpoint.texts.at("report")));
    const auto plan = checkpoint.texts.find("plan");
    if (plan != checkpoint.texts.end()) {
      DISCO_ASSIGN(state.plan, PlanFromJson(plan->second));
    }
    return state;
  } catch (const std::exception& error) {
    return Fail(ErrorKind::kInvalid, "it does not say where the run stands: {}", error.what());
  }
}

}  // namespace disco
