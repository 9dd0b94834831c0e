// SPDX-License-Identifier: Apache-2.0
#include "disco/plan/plan_file.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "disco/base/hash.h"
#include "disco/op/op_name.h"
#include "disco/plan/json_number.h"

namespace disco {
namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;  // for writing: looks up keys one by one

// Names are UTF-8, as ONNX has them; bytes that are not become U+FFFD, rather than an exception.
constexpr auto kRepair = Json::error_handler_t::replace;

// Runs `read`; what the library throws at fields that are missing or of another type becomes an
// error.
template <class Function>
auto Caught(Function&& read) -> decltype(read()) {
  try {
    return read();
  } catch (const Json::exception& error) {
    return Fail(ErrorKind::kInvalid,
                "no plan, or one that was changed; make it with disco plan ({})", error.what());
  }
}

// Owners as runs: [[node, count], ...].
OrderedJson RunsOf(const std::vector<NodeId>& owners) {
  OrderedJson runs = OrderedJson::array();
  for (const NodeId owner : owners) {
    if (!runs.empty() && runs.back()[0] == owner) {
      runs.back()[1] = runs.back()[1].get<int64_t>() + 1;
    } else {
      runs.push_back({owner, 1});
    }
  }
  return runs;
}

// [[low, step], ...], exactly.
OrderedJson ScalesToJson(const std::vector<FeatureScale>& scales) {
  OrderedJson list = OrderedJson::array();
  for (const FeatureScale& scale : scales) list.push_back({scale.low, scale.step});
  return list;
}

OrderedJson ValueToJson(const std::string& name, const ValuePlan& value) {
  OrderedJson json = {{"name", name}, {"axis", value.axis}, {"owners", RunsOf(value.owner)}};
  if (value.read_foreign) {
    json["sparsity"] = value.sparsity;
    json["call"] = Name(value.call);
    json["wire"] = Name(value.wire.type);
    if (!value.wire.scales.empty()) json["scales"] = ScalesToJson(value.wire.scales);
    if (value.with_next) json["with_next"] = true;
    json["kept"] = OrderedJson::array({value.kept});  // one level
  }
  return json;
}

// Runs of owners, of which the file may have `room` features in all.
Result<std::vector<NodeId>> OwnersFrom(const Json& runs, int nodes, int64_t& room) {
  std::vector<NodeId> owners;
  for (const Json& run : runs) {
    DISCO_ASSIGN(const int64_t owner, WholeNumber(run.at(0), "an owner", {0, nodes - 1}));
    DISCO_ASSIGN(const int64_t count, WholeNumber(run.at(1), "a count of features", {1, room}));
    room -= count;
    owners.insert(owners.end(), static_cast<size_t>(count), static_cast<NodeId>(owner));
  }
  return owners;
}

// The one level of a mask.
Result<std::vector<std::vector<int64_t>>> KeptFrom(const Json& levels, int64_t features) {
  if (levels.is_array() && levels.size() != 1) {
    return Fail(ErrorKind::kInvalid, "its mask has {} levels; this disco runs masks of one level",
                levels.size());
  }
  std::vector<std::vector<int64_t>> kept;
  for (const Json& list : levels.at(0)) {
    kept.emplace_back();
    for (const Json& feature : list) {
      DISCO_ASSIGN(const int64_t index, WholeNumber(feature, "a kept feature", {0, features - 1}));
      kept.back().push_back(index);
    }
  }
  return kept;
}

Result<Wire> WireFrom(const Json& json) {
  Wire wire;
  DISCO_ASSIGN(wire.type, ParseWireType(json.at("wire").get<std::string>()));
  if (!json.contains("scales")) return wire;
  constexpr double kMost = std::numeric_limits<float>::max();
  for (const Json& scale : json.at("scales")) {
    DISCO_ASSIGN(const double low, RealNumber(scale.at(0), "low", {-kMost, kMost}));
    DISCO_ASSIGN(const double step, RealNumber(scale.at(1), "step", {0, kMost}));
    wire.scales.push_back({static_cast<float>(low), static_cast<float>(step)});
    DISCO_TRY(CheckScale(wire.scales.back()));
  }
  return wire;
}

Result<ValuePlan> ValueFrom(const Json& json, int nodes, int64_t& room) {
  ValuePlan value;
  DISCO_ASSIGN(const int64_t axis, WholeNumber(json.at("axis"), "axis", {0, kMaxAxes - 1}));
  value.axis = static_cast<int>(axis);
  DISCO_ASSIGN(value.owner, OwnersFrom(json.at("owners"), nodes, room));
  value.read_foreign = json.contains("kept");
  if (value.read_foreign) {
    DISCO_ASSIGN(value.sparsity, RealNumber(json.at("sparsity"), "sparsity", {0, 1}));
    DISCO_ASSIGN(value.call, ParseMixingCall(json.at("call").get<std::string>()));
    DISCO_ASSIGN(value.wire, WireFrom(json));
    value.with_next = json.value("with_next", false);
    DISCO_ASSIGN(value.kept, KeptFrom(json.at("kept"), static_cast<int64_t>(value.owner.size())));
  }
  return value;
}

Result<Plan> HeadFrom(const Json& json) {
  DISCO_ASSIGN(const int64_t nodes, WholeNumber(json.at("nodes"), "nodes", {1, kMaxNodes}));
  Plan plan{.nodes = static_cast<int>(nodes), .method = json.at("method").get<std::string>()};
  for (const Json& share : json.at("shares")) {
    DISCO_ASSIGN(const double part, RealNumber(share, "a share", {0, 1}));
    plan.shares.push_back(part);
  }
  DISCO_TRY(CheckShares(plan.shares, plan.nodes, ErrorKind::kInvalid));
  DISCO_ASSIGN(plan.sparsity, RealNumber(json.at("sparsity"), "sparsity", {0, 1}));
  DISCO_ASSIGN(plan.image_sparsity,
               RealNumber(json.at("image_sparsity"), "image_sparsity", {0, 1}));
  return plan;
}

Result<Plan> PlanFrom(const Json& json) {
  if (!json.is_object() || !json.contains("disco_plan"))
    return Fail(ErrorKind::kInvalid, "this is not a plan");
  constexpr NumberRange<int64_t> kAny;
  DISCO_ASSIGN(const int64_t version, WholeNumber(json.at("disco_plan"), "its version", kAny));
  if (version != kPlanVersion) {
    return Fail(ErrorKind::kInvalid,
                "it is of version {}, this disco reads {}; make it again with disco plan or disco "
                "sparsify",
                version, kPlanVersion);
  }
  DISCO_ASSIGN(Plan plan, HeadFrom(json));
  int64_t room = kMostFeatures;
  for (const Json& entry : json.at("values")) {
    const auto name = entry.at("name").get<std::string>();
    auto value = Caught([&] { return ValueFrom(entry, plan.nodes, room); });
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
  OrderedJson json = {{"disco_plan", kPlanVersion},
                      {"hash", HashText(Hash(plan))},
                      {"nodes", plan.nodes},
                      {"shares", plan.shares},
                      {"method", plan.method},
                      {"sparsity", plan.sparsity},
                      {"image_sparsity", plan.image_sparsity}};
  // One value per line: long enough to be compact, short enough to be compared.
  std::string text = json.dump(1, ' ', false, kRepair);
  text.erase(text.size() - 2);
  text += ",\n \"values\": [";
  const char* separator = "\n  ";
  for (const auto& [name, value] : plan.values) {
    text += separator + ValueToJson(name, value).dump(-1, ' ', false, kRepair);
    separator = ",\n  ";
  }
  return text + "\n ]\n}\n";
}

Result<Plan> PlanFromJson(std::string_view text) {
  return Caught([&] { return PlanFrom(Json::parse(text)); });
}

Status WritePlan(const Plan& plan, const Path& path) {
  const std::string text = PlanToJson(plan);
  if (const auto read = PlanFromJson(text); !read)
    return At(fmt::format("{}: not written, for it could not be read", path.string()),
              read.error());
  return WriteFile(path, text);
}

Result<Plan> ReadPlan(const Path& path) {
  DISCO_ASSIGN(const std::string text, ReadFile(path));
  auto plan = PlanFromJson(text);
  if (!plan) return At(path.string(), plan.error());
  return plan;
}

}  // namespace disco
