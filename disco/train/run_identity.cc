// SPDX-License-Identifier: Apache-2.0
#include "disco/train/run_identity.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <span>

#include "disco/base/hash.h"

namespace disco {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kSettings = "settings";
constexpr const char* kWeights = "first_weights";
constexpr const char* kData = "data";

using Lines = std::vector<std::string>;

// "a, b, c", of many only the first.
std::string Listed(const Lines& lines) {
  constexpr size_t kMost = 5;
  const auto first = std::span(lines).first(std::min(lines.size(), kMost));
  const size_t more = lines.size() - first.size();
  return fmt::format("{}{}", fmt::join(first, ", "),
                     more > 0 ? fmt::format(" and {} more", more) : "");
}

Json ToJson(const std::vector<DataPart>& parts) {
  Json json = Json::array();
  for (const DataPart& part : parts) {
    json.push_back({{"name", part.name},
                    {"pictures", part.pictures},
                    {"bytes", part.bytes},
                    {"hash", HashText(part.hash)}});
  }
  return json;
}

std::string Difference(const Json& then, const Json& now) {
  const std::string name = now.at("name").get<std::string>();
  for (const char* key : {"pictures", "bytes"}) {
    if (then.at(key) == now.at(key)) continue;
    return fmt::format("{} had {} {}, now {}", name, then.at(key).dump(), key, now.at(key).dump());
  }
  return then == now ? "" : fmt::format("{} has files with other names or contents", name);
}

// What has changed from `then` to `now`, both as ToJson makes them.
Lines DataDifferences(const Json& then, const Json& now) {
  std::map<std::string, Json> before;
  for (const Json& part : then) before[part.at("name").get<std::string>()] = part;
  Lines lines;
  for (const Json& part : now) {
    const auto node = before.extract(part.at("name").get<std::string>());
    std::string line = node.empty() ? fmt::format("{} is new", part.at("name").get<std::string>())
                                    : Difference(node.mapped(), part);
    if (!line.empty()) lines.push_back(std::move(line));
  }
  for (const auto& [name, part] : before) lines.push_back(fmt::format("{} is gone", name));
  return lines;
}

Status Compare(const RunIdentity& identity, const Checkpoint& checkpoint) {
  const Lines settings = DifferingSettings(checkpoint.texts.at(kSettings), identity.recipe);
  if (!settings.empty()) {
    return Fail(ErrorKind::kInvalid,
                "it was made with other settings: {}; give those, or remove it to start anew",
                Listed(settings));
  }
  // As it will be read: what is no UTF-8 in a name is replaced when it is written.
  const Json now =
      Json::parse(ToJson(identity.parts).dump(-1, ' ', false, Json::error_handler_t::replace));
  const Lines data = DataDifferences(Json::parse(checkpoint.texts.at(kData)), now);
  if (!data.empty()) {
    return Fail(ErrorKind::kInvalid,
                "the data have changed since it was made: {}; put them back, or remove it to start "
                "anew",
                Listed(data));
  }
  if (checkpoint.texts.at(kWeights) == HashText(identity.weights)) return {};
  return Fail(
      ErrorKind::kInvalid,
      "the network '{}' has changed since it was made; give the one that it was begun with, "
      "or remove it to start anew",
      identity.recipe.network.network);
}

}  // namespace

void SaveIdentity(const RunIdentity& identity, Checkpoint& checkpoint) {
  checkpoint.texts[kSettings] = RecipeToJson(identity.recipe);
  checkpoint.texts[kWeights] = HashText(identity.weights);
  checkpoint.texts[kData] =
      ToJson(identity.parts).dump(-1, ' ', false, Json::error_handler_t::replace);
}

Status CheckIdentity(const RunIdentity& identity, const Checkpoint& checkpoint) {
  try {
    return Compare(identity, checkpoint);
  } catch (const std::exception& error) {
    return Fail(ErrorKind::kInvalid,
                "it does not say what run it belongs to ({}); remove it to start anew",
                error.what());
  }
}

}  // namespace disco
