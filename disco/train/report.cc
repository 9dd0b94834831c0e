// SPDX-License-Identifier: Apache-2.0
#include "disco/train/report.h"

#include <nlohmann/json.hpp>

namespace disco {
namespace {

using Json = nlohmann::ordered_json;

Json RoundToJson(const RoundReport& round) {
  return {{"sparsity", round.sparsity},
          {"value_after_pruning", round.after_pruning},
          {"value_after_recalibration", round.after_recalibration},
          {"value_after_fine_tuning", round.after_fine_tuning}};
}

RoundReport RoundFromJson(const Json& json) {
  return {json.at("sparsity"), json.at("value_after_pruning"), json.at("value_after_recalibration"),
          json.at("value_after_fine_tuning")};
}

void AddMetrics(Json& json, const RunReport& report) {
  const TaskDef& task = DefOf(report.task);
  json["task"] = task.name;
  json["metric"] = task.metric().name;
  json["higher_is_better"] = task.metric().higher_is_better;
  for (size_t i = 0; i < report.values.size(); ++i) json[KeyOf(task, i)] = report.values[i];
}

Status ReadMetrics(const Json& json, RunReport& report) {
  const auto name = json.at("task").get<std::string>();
  const TaskDef* task = FindTask(name);
  if (task == nullptr) return Fail(ErrorKind::kInvalid, "no report: there is no task '{}'", name);
  report.task = task->task;
  if (!json.contains("value")) return {};
  for (size_t i = 0; i < task->metrics.size(); ++i)
    report.values.push_back(json.at(KeyOf(*task, i)));
  return {};
}

}  // namespace

std::string ReportToJson(const RunReport& report) {
  Json json = {{"command", report.command}};
  if (!report.method.empty()) json["method"] = report.method;
  AddMetrics(json, report);
  if (!report.method.empty()) {
    json["value_before"] = report.value_before;
    if (!report.rounds.empty()) json.update(RoundToJson(report.rounds.back()));
    json["rounds"] = Json::array();
    for (const RoundReport& round : report.rounds) json["rounds"].push_back(RoundToJson(round));
  }
  json["epochs"] = report.epochs;
  json["images"] = report.images;
  json["seconds"] = report.seconds;
  if (!report.method.empty()) json["traffic_bytes"] = report.traffic.value;
  json["images_per_second"] = report.ImagesPerSecond();
  json["files"] = report.files;
  json["warnings"] = report.warnings;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<RunReport> ReportFromJson(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    RunReport report{.command = json.at("command"), .method = json.value("method", "")};
    DISCO_TRY(ReadMetrics(json, report));
    report.value_before = json.value("value_before", 0.0);
    for (const Json& round : json.value("rounds", Json::array())) {
      report.rounds.push_back(RoundFromJson(round));
    }
    report.traffic = {json.value("traffic_bytes", int64_t{0})};
    report.epochs = json.at("epochs");
    report.images = json.at("images");
    report.seconds = json.at("seconds");
    report.files = json.at("files").get<std::map<std::string, std::string>>();
    report.warnings = json.at("warnings").get<std::vector<std::string>>();
    return report;
  } catch (const Json::exception& error) {
    return Fail(ErrorKind::kInvalid, "no report: {}", error.what());
  }
}

}  // namespace disco
