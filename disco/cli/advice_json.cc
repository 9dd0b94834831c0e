// SPDX-License-Identifier: Apache-2.0
#include "disco/cli/advice_json.h"

#include <nlohmann/json.hpp>

namespace disco {
namespace {

using Json = nlohmann::ordered_json;

Json ToJson(const Advised& advised, const Candidate& candidate) {
  Json json = {{"method", candidate.method},      {"s", candidate.sparsity},
               {"nodes", candidate.nodes.size()}, {"names", advised.NamesOf(candidate)},
               {"shares", candidate.shares},      {"fits", candidate.fits},
               {"ms", candidate.time.count()},    {"speedup", advised.SpeedupOf(candidate)}};
  if (candidate.break_even)
    json["break_even_bytes_per_second"] = advised.LinkAt(*candidate.break_even).bytes_per_second;
  Json times = Json::array();
  for (const Milliseconds time : candidate.times) times.push_back(time.count());
  json["ms_by_bandwidth"] = times;
  return json;
}

}  // namespace

std::string Advised::NamesOf(const Candidate& candidate) const {
  std::string names;
  for (const NodeId node : candidate.nodes)
    names += (names.empty() ? "" : ",") + cluster.node(node).name;
  return names;
}

nlohmann::ordered_json ToJson(const Advised& advised) {
  const Advice& advice = advised.advice;
  Json json = {{"one_node_ms", advice.one_node.time().count()},
               {"one_node", advised.one_node()},
               {"one_node_fits", advice.one_node.fits},
               {"use_one_node", !advice.best.has_value() && advice.one_node.fits}};
  if (advice.best) json["best"] = ToJson(advised, advice.candidates[*advice.best]);
  if (advice.least_sparse)
    json["least_sparse"] = ToJson(advised, advice.candidates[*advice.least_sparse]);
  Json bandwidths = Json::array(), candidates = Json::array();
  for (const double factor : advice.factors)
    bandwidths.push_back(advised.LinkAt(factor).bytes_per_second);
  for (const Candidate& candidate : advice.candidates)
    candidates.push_back(ToJson(advised, candidate));
  json["bandwidths"] = bandwidths;
  json["candidates"] = candidates;
  return json;
}

}  // namespace disco
