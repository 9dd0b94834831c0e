// SPDX-License-Identifier: Apache-2.0
#include "disco/plan/plan_file.h"

#include <nlohmann/json.hpp>

#include "disco/base/hash.h"
#include "disco/plan/assignment.h"

namespace disco {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kMostFeatures = int64_t{1} << 24;  // of one value; far above any network

// Owners as runs: [[node, count], ...].
Json RunsOf(const std::vector<NodeId>& owners) {
  Json runs = Json::array();
  for (const NodeId owner : owners) {
    if (!runs.empty() && runs.back()[0] == owner) {
      runs.back()[1] = runs.back()[1].get<int64_t>() + 1;
    } else {
      runs.push_back({owner, 1});
    }
  }
  return runs;
}

Json ValueToJson(const std::string& name, const ValuePlan& value) {
  Json json = {{"name", name}, {"axis", value.axis}, {"owners", RunsOf(value.owner)}};
  if (value.read_foreign) {
    json["sparsity"] = value.sparsity;
    json["kept"] = value.kept;
  }
  return json;
}

Result<ValuePlan> ValueFromJson(const Json& json, int nodes) {
  ValuePlan value{.axis = json.at("axis").get<int>()};
  int64_t features = 0;
  for (const Json& run : json.at("owners")) {
    const auto owner = run.at(0).get<NodeId>();
    const auto count = run.at(1).get<int64_t>();
    if (owner < 0 || owner >= nodes || count < 1 || count > kMostFeatures - features) {
      return Fail(ErrorKind::kInvalid, "owners [{}, {}] make no sense", owner, count);
    }
    features += count;
    value.owner.insert(value.owner.end(), static_cast<size_t>(count), owner);
  }
  value.read_foreign = json.contains("kept");
  if (value.read_foreign) {
    value.sparsity = json.at("sparsity").get<double>();
    value.kept = json.at("kept").get<std::vector<std::vector<int64_t>>>();
  }
  return value;
}

Result<Plan> PlanFrom(const Json& json) {
  if (!json.is_object() || !json.contains("disco_plan"))
    return Fail(ErrorKind::kInvalid, "this is not a plan");
  if (const int version = json.at("disco_plan").get<int>(); version != kPlanVersion) {
    return Fail(ErrorKind::kInvalid, "it is of version {}, this disco reads {}; make it again",
                version, kPlanVersion);
  }
  Plan plan{.nodes = json.at("nodes").get<int>(),
            .shares = json.at("shares").get<std::vector<double>>(),
            .method = json.at("method").get<std::string>(),
            .sparsity = json.at("sparsity").get<double>(),
            .image_sparsity = json.at("image_sparsity").get<double>()};
  if (plan.nodes < 1 || plan.nodes > kMaxNodes ||
      static_cast<int>(plan.shares.size()) != plan.nodes) {
    return Fail(ErrorKind::kInvalid, "{} nodes with {} shares make no sense", plan.nodes,
                plan.shares.size());
  }
  for (const Json& entry : json.at("values")) {
    const auto name = entry.at("name").get<std::string>();
    auto value = ValueFromJson(entry, plan.nodes);
    if (!value) return At(fmt::format("value '{}'", name), value.error());
    if (!plan.values.emplace(name, std::move(*value)).second)
      return Fail(ErrorKind::kInvalid, "value '{}' stands twice", name);
  }
  if (const auto hash = json.at("hash").get<std::string>(); hash != HashText(Hash(plan))) {
    return Fail(ErrorKind::kInvalid,
                "its hash is {}, but what it says has {}; it was changed by hand or cut short",
                hash, HashText(Hash(plan)));
  }
  return plan;
}

}  // namespace

std::string PlanToJson(const Plan& plan) {
  Json json = {{"disco_plan", kPlanVersion},
               {"hash", HashText(Hash(plan))},
               {"nodes", plan.nodes},
               {"shares", plan.shares},
               {"method", plan.method},
               {"sparsity", plan.sparsity},
               {"image_sparsity", plan.image_sparsity}};
  // One value per line: long enough to be compact, short enough to be compared.
  std::string text = json.dump(1);
  text.erase(text.size() - 2);
  text += ",\n \"values\": [";
  const char* separator = "\n  ";
  for (const auto& [name, value] : plan.values) {
    text += separator + ValueToJson(name, value).dump();
    separator = ",\n  ";
  }
  return text + "\n ]\n}\n";
}

Result<Plan> PlanFromJson(std::string_view text) {
  try {
    return PlanFrom(Json::parse(text));
  } catch (const Json::exception& error) {
    return Fail(ErrorKind::kInvalid, "{}", error.what());
  }
}

Status WritePlan(const Plan& plan, const Path& path) { return WriteFile(path, PlanToJson(plan)); }

Result<Plan> ReadPlan(const Path& path) {
  DISCO_ASSIGN(const std::string text, ReadFile(path));
  auto plan = PlanFromJson(text);
  if (!plan) return At(path.string(), plan.error());
  return plan;
}

}  // namespace disco
