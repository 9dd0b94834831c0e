// SPDX-License-Identifier: Apache-2.0
#include "disco/cli/description.h"

#include <map>
#include <nlohmann/json.hpp>

#include "disco/cli/load.h"
#include "disco/op/op_name.h"
#include "disco/op/validate.h"
#include "disco/op/work.h"
#include "disco/plan/coupling.h"

namespace disco {
namespace {

using Json = nlohmann::ordered_json;

Json TensorsToJson(const Graph& graph, const std::vector<ValueId>& values) {
  Json list = Json::array();
  for (const ValueId id : values) {
    const Value& value = graph.value(id);
    list.push_back(
        {{"name", value.name}, {"type", Name(value.dtype)}, {"shape", value.shape.dims()}});
  }
  return list;
}

Json ReplicatedToJson(const Graph& network) {
  Json replicated = Json::array();
  for (const ReplicatedOp& op : AnalyseCoupling(network).replicated)
    replicated.push_back({{"op", network.op(op.op).name}, {"reason", op.reason}});
  return replicated;
}

}  // namespace

Json Description(const Graph& graph) {
  std::map<std::string, int64_t> counts;
  for (const Op& op : graph.ops) ++counts[std::string(Name(op.type))];
  Json description = {{"name", graph.name},
                      {"parameters", ParameterCount(graph)},
                      {"macs", MacsOf(graph).value},
                      {"weight_bytes", WeightBytes(graph).value},
                      {"ops", graph.ops.size()},
                      {"op_counts", counts},
                      {"inputs", TensorsToJson(graph, graph.inputs)},
                      {"outputs", TensorsToJson(graph, graph.outputs)}};
  if (!HoldsShard(graph)) description["replicated_when_split"] = ReplicatedToJson(graph);
  return description;
}

}  // namespace disco
