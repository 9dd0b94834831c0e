// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "disco/cli/command.h"
#include "disco/cli/description.h"
#include "disco/cli/load.h"
#include "disco/cli/print.h"
#include "disco/op/op_name.h"
#include "disco/op/work.h"

namespace disco {
namespace {

using Json = nlohmann::ordered_json;

struct DescribeCommand {
  std::string network;
  bool json = false, ops = false;
};

Json NamesOf(const Graph& graph, const std::vector<ValueId>& values) {
  Json names = Json::array();
  for (const ValueId id : values) names.push_back(id == kNoValue ? "" : graph.value(id).name);
  return names;
}

Json OpsToJson(const Graph& graph) {
  Json ops = Json::array();
  for (const Op& op : graph.ops) {
    ops.push_back({{"name", op.name},
                   {"type", Name(op.type)},
                   {"inputs", NamesOf(graph, op.inputs)},
                   {"outputs", NamesOf(graph, op.outputs)},
                   {"macs", MacsOf(graph, op).value}});
    if (op.HasOutput(0)) ops.back()["shape"] = graph.value(op.outputs[0]).shape.dims();
  }
  return ops;
}

Table OpTable(const Graph& graph) {
  Table table({"op", "type", "output", "MACs"});
  for (const Op& op : graph.ops) {
    const std::string shape = op.outputs.empty() ? "" : ToString(graph.value(op.outputs[0]).shape);
    table.Add({op.name, std::string(Name(op.type)), shape, ToString(MacsOf(graph, op))});
  }
  return table;
}

void Print(const Graph& graph, const Json& description) {
  PrintLine(fmt::format("{}: {} ops, {} parameters, {}, {} of weights", graph.name,
                        graph.ops.size(), ParameterCount(graph), ToString(MacsOf(graph)),
                        ToString(WeightBytes(graph))));
  for (const std::string side : {"input", "output"}) {
    for (const Json& tensor : description[side + "s"])
      PrintLine(fmt::format("  {} {} {} {}", side, tensor["name"].get<std::string>(),
                            tensor["type"].get<std::string>(), tensor["shape"].dump()));
  }
  for (const Json& op : description.value("replicated_when_split", Json::array())) {
    PrintLine(fmt::format("  op {} runs whole on every node: {}", op["op"].get<std::string>(),
                          op["reason"].get<std::string>()));
  }
}

Status Run(DescribeCommand& options) {
  DISCO_ASSIGN(const Graph graph, LoadNetworkOrShard(options.network));
  Json description = Description(graph);
  if (options.json) {
    if (options.ops) description["every_op"] = OpsToJson(graph);
    PrintJson(description);
    return {};
  }
  Print(graph, description);
  if (options.ops) PrintTable(OpTable(graph));
  return {};
}

}  // namespace

void AddDescribeCommand(CLI::App& app, Action& action) {
  AddCommand<DescribeCommand>(
      app, action, "describe", "What a network (or a shard) is made of",
      [](CLI::App& command, DescribeCommand& options) {
        command.add_option("network", options.network, "An .onnx file")->required();
        AddJsonFlag(command, options.json);
        command.add_flag("--ops", options.ops, "Every op with its shape and work");
      },
      Run);
}

}  // namespace disco
