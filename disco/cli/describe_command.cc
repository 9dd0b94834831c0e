// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <nlohmann/json.hpp>

#include "disco/cli/command.h"
#include "disco/cli/load.h"
#include "disco/cli/print.h"
#include "disco/graph/work.h"
#include "disco/plan/coupling.h"

namespace disco {
namespace {

using Json = nlohmann::ordered_json;

struct DescribeCommand {
  std::string network;
  bool json = false, ops = false;
};

Json TensorsToJson(const Graph& graph, const std::vector<ValueId>& values) {
  Json list = Json::array();
  for (const ValueId id : values) {
    const Value& value = graph.value(id);
    list.push_back(
        {{"name", value.name}, {"type", Name(value.dtype)}, {"shape", value.shape.dims()}});
  }
  return list;
}

Json ToJson(const Graph& graph) {
  std::map<std::string, int64_t> counts;
  for (const Op& op : graph.ops) ++counts[std::string(Name(op.type))];
  Json replicated = Json::array();
  for (const ReplicatedOp& op : AnalyseCoupling(graph).replicated) {
    replicated.push_back({{"op", graph.op(op.op).name}, {"reason", op.reason}});
  }
  return {{"name", graph.name},
          {"parameters", ParameterCount(graph)},
          {"macs", MacsOf(graph).value},
          {"weight_bytes", WeightBytes(graph).value},
          {"ops", graph.ops.size()},
          {"op_counts", counts},
          {"inputs", TensorsToJson(graph, graph.inputs)},
          {"outputs", TensorsToJson(graph, graph.outputs)},
          {"replicated_when_split", replicated}};
}

std::string OpTable(const Graph& graph) {
  Table table({"op", "type", "output", "MACs"});
  for (const Op& op : graph.ops) {
    const std::string shape = op.outputs.empty() ? "" : ToString(graph.value(op.outputs[0]).shape);
    table.Add({op.name, std::string(Name(op.type)), shape, ToString(MacsOf(graph, op))});
  }
  return table.ToString();
}

Status Run(DescribeCommand& options) {
  DISCO_ASSIGN(const Graph graph, LoadNetwork(options.network));
  const Json json = ToJson(graph);
  if (options.json) {
    PrintLine(json.dump(2));
    return {};
  }
  PrintLine(fmt::format("{}: {} ops, {} parameters, {}, {} of weights", graph.name,
                        graph.ops.size(), ParameterCount(graph), ToString(MacsOf(graph)),
                        ToString(WeightBytes(graph))));
  for (const char* side : {"inputs", "outputs"}) {
    for (const Json& tensor : json[side])
      PrintLine(fmt::format("  {} {} {} {}", std::string(side, strlen(side) - 1),
                            tensor["name"].get<std::string>(), tensor["type"].get<std::string>(),
                            tensor["shape"].dump()));
  }
  for (const Json& op : json["replicated_when_split"]) {
    PrintLine(fmt::format("  op {} runs whole on every node: {}", op["op"].get<std::string>(),
                          op["reason"].get<std::string>()));
  }
  if (options.ops) PrintLine(OpTable(graph));
  return {};
}

}  // namespace

void AddDescribeCommand(CLI::App& app, Action& action) {
  AddCommand<DescribeCommand>(
      app, action, "describe", "What a network (or a shard) is made of",
      [](CLI::App& command, DescribeCommand& options) {
        command.add_option("network", options.network, "An .onnx file")->required();
        command.add_flag("--json", options.json, "As JSON");
        command.add_flag("--ops", options.ops, "Every op with its shape and work");
      },
      Run);
}

}  // namespace disco
