// SPDX-License-Identifier: Apache-2.0
#include "disco/cli/command.h"
#include "disco/cli/load.h"
#include "disco/cli/print.h"
#include "disco/graph/work.h"
#include "disco/shard/cut.h"

namespace disco {
namespace {

struct CutCommand {
  std::string network, plan, out;
};

Status Run(CutCommand& options) {
  DISCO_ASSIGN(const Graph graph, LoadNetwork(options.network));
  DISCO_ASSIGN(const Plan plan, LoadPlan(options.plan, graph));
  DISCO_ASSIGN(const Cut cut, CutNetwork(graph, plan));
  DISCO_ASSIGN(const std::vector<Path> paths, WriteShards(cut, options.out));
  Table table({"shard", "ops", "weights", "share of all", "sends", "receives"});
  for (size_t node = 0; node < paths.size(); ++node) {
    const Graph& shard = cut.shards[node];
    const double share = static_cast<double>(WeightBytes(shard).value) /
                         static_cast<double>(std::max<int64_t>(1, WeightBytes(graph).value));
    table.Add({paths[node].string(), std::to_string(shard.ops.size()), ToString(WeightBytes(shard)),
               Percent(share), ToString(SentBytes(cut.traffic, static_cast<NodeId>(node))),
               ToString(ReceivedBytes(cut.traffic, static_cast<NodeId>(node)))});
  }
  PrintLine(table.ToString());
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
      },
      Run);
}

}  // namespace disco
