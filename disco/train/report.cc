// SPDX-License-Identifier: Apache-2.0
#include "disco/train/report.h"

#include <nlohmann/json.hpp>

namespace disco {
namespace {

using Json = nlohmann::ordered_json;

Json RoundToJson(const RoundReport& round) {
  return {{"sparsity", round.sparsity},
          {"accuracy_after_pruning", round.after_pruning},
          {"accuracy_after_recalibration", round.after_recalibration},
          {"accuracy_after_fine_tuning", round.after_fine_tuning}};
}

RoundReport RoundFromJson(const Json& json) {
  return {json.at("sparsity"), json.at("accuracy_after_pruning"),
          json.at("accuracy_after_recalibration"), json.at("accuracy_after_fine_tuning")};
}

}  // namespace

std::string ReportToJson(const RunReport& report) {
  Json json = {{"command", report.command}};
  if (!report.method.empty()) {
    json["method"] = report.method;
    json["accuracy_before"] = report.accuracy_before;
    if (!report.rounds.empty()) json.update(RoundToJson(report.rounds.back()));
    json["rounds"] = Json::array();
    for (const RoundReport& round : report.rounds) json["rounds"].push_back(RoundToJson(round));
  }
  json["accuracy"] = report.accuracy;
  json["accuracy_top5"] = report.accuracy_top5;
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
    report.accuracy_before = json.value("accuracy_before", 0.0);
    for (const Json& round : json.value("rounds", Json::array())) {
      report.rounds.push_back(RoundFromJson(round));
    }
    report.accuracy = json.at("accuracy");
    report.accuracy_top5 = json.at("accuracy_top5");
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
