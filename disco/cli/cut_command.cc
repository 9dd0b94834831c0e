// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "disco/cli/command.h"
#include "disco/cli/load.h"
#include "disco/cli/print.h"
#include "disco/op/work.h"
#include "disco/shard/cut.h"

namespace disco {
namespace {

using Json = nlohmann::ordered_json;

struct CutCommand {
  std::string network, plan, out;
  bool json = false;
};

// Refuses a folder in which a shard would take the place of an input.
Status CheckFolder(const CutCommand& options, int nodes) {
  const std::vector<Path> inputs = InputFiles(options.network, {options.plan});
  for (NodeId node = 0; node < nodes; ++node)
    DISCO_TRY(KeepInputs(ShardPath(options.out, node), "--out", inputs));
  return {};
}

Json ToJson(const Graph& network, const Cut& cut, const std::vector<Path>& paths) {
  const double all = static_cast<double>(std::max<int64_t>(1, WeightBytes(network).value));
  Json shards = Json::array();
  for (size_t node = 0; node < paths.size(); ++node) {
    const Graph& shard = cut.shards[node];
    const int64_t weights = WeightBytes(shard).value;
    const auto id = static_cast<NodeId>(node);
    shards.push_back({{"file", paths[node].string()},
                      {"ops", shard.ops.size()},
                      {"weight_bytes", weights},
                      {"weight_share", static_cast<double>(weights) / all},
                      {"bytes_planned", SentBytes(cut.traffic, id).value},
                      {"bytes_planned_received", ReceivedBytes(cut.traffic, id).value}});
  }
  return {{"nodes", shards}};
}

void Print(const Json& result) {
  Table table({"shard", "ops", "weights", "share of all", "sends", "receives"});
  const auto bytes = [](const Json& count) { return ToString(Bytes{count.get<int64_t>()}); };
  for (const Json& shard : result["nodes"]) {
    table.Add({shard["file"].get<std::string>(), shard["ops"].dump(), bytes(shard["weight_bytes"]),
               Percent(shard["weight_share"].get<double>()), bytes(shard["bytes_planned"]),
               bytes(shard["bytes_planned_received"])});
  }
  PrintTable(table);
}

Status Run(CutCommand& options) {
  DISCO_ASSIGN(const Graph graph, LoadNetwork(options.network));
  DISCO_ASSIGN(const BoundPlan bound, LoadPlan(options.plan, graph));
  DISCO_TRY(CheckFolder(options, bound.nodes()));
  DISCO_ASSIGN(const Cut cut, FoldAndCut(bound));
  DISCO_ASSIGN(const std::vector<Path> paths, WriteShards(cut, options.out));
  const Json result = ToJson(graph, cut, paths);
  if (options.json) {
    PrintJson(result);
  } else {
    Print(result);
  }
  return {};
}

}  // namespace

void AddCutCommand(CLI::App& app, Action& action) {
  AddCommand<CutCommand>(
      app, action, "cut", "Cut a network into one shard per node, to look at or to ship",
      [](CLI::App& command, CutCommand& options) {
        command.add_option("network", options.network, "An .onnx file")->required();
        command.add_option("--plan", options.plan, "Its plan.json")->required();
        command.add_option("--out", options.out, "The folder for node-0.onnx, node-1.onnx, ...")
            ->required();
        AddJsonFlag(command, options.json);
      },
      Run);
}

}  // namespace disco
