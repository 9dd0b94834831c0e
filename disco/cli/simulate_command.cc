// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "disco/cli/cluster_options.h"
#include "disco/cli/command.h"
#include "disco/cli/load.h"
#include "disco/cli/print.h"
#include "disco/cli/simulation_text.h"
#include "disco/cost/one_node.h"

namespace disco {
namespace {

using Json = nlohmann::ordered_json;

struct SimulateCommand {
  std::string network, plan, trace;
  std::vector<std::string> nodes;
  ClusterOptions cluster;
  bool json = false;
};

// All that is printed.
struct Played {
  Cluster cluster;  // the nodes that run the shards
  OneNode one_node;
  std::string fastest;        // which one node that is
  std::vector<Bytes> memory;  // that each shard needs
  Simulation simulation;

  double speedup() const { return one_node.time() / simulation.total; }
};

// The nodes that run shards 0, 1, ...: those named, or the first ones.
Result<Cluster> Choose(const Cluster& cluster, const std::vector<std::string>& names, int nodes) {
  std::vector<NodeId> chosen;
  if (names.empty()) {
    for (NodeId node = 0; node < std::min(nodes, static_cast<int>(cluster.nodes.size())); ++node)
      chosen.push_back(node);
  }
  for (const std::string& name : names) {
    const auto node = FindNode(cluster, name);
    if (!node) return Fail(ErrorKind::kUsage, "--nodes: {}", node.error().message);
    if (std::ranges::find(chosen, *node) != chosen.end())
      return Fail(ErrorKind::kUsage, "--nodes: {} stands twice; each node runs one shard", name);
    chosen.push_back(*node);
  }
  if (!names.empty() && std::ssize(names) != nodes)
    return Fail(ErrorKind::kUsage, "--nodes names {} nodes, the plan is for {}", names.size(),
                nodes);
  return Subset(cluster, chosen);
}

Json LinkToJson(const LinkUse& link) {
  return {{"from", link.from},
          {"to", link.to},
          {"messages", link.messages},
          {"bytes", link.bytes.value},
          {"busy_ms", link.busy.count()},
          {"waited_ms", link.waited.count()},
          {"utilisation", link.utilisation}};
}

Json NodesToJson(const Played& played) {
  Json nodes = Json::array();
  for (size_t i = 0; i < played.simulation.nodes.size(); ++i) {
    const NodeTimes& node = played.simulation.nodes[i];
    nodes.push_back({{"name", played.cluster.nodes[i].name},
                     {"compute_ms", node.compute.count()},
                     {"wait_ms", node.wait.count()},
                     {"pack_ms", node.pack.count()},
                     {"end_ms", node.end.count()},
                     {"bytes_sent", node.sent.value},
                     {"bytes_received", node.received.value},
                     {"memory_needed", played.memory[i].value},
                     {"memory", played.cluster.nodes[i].memory.value}});
  }
  return nodes;
}

Json PathToJson(const Simulation& simulation) {
  Json path = Json::array();
  for (const PathPiece& piece : PiecesOf(simulation)) {
    path.push_back({{"kind", piece.message ? "message" : "node"},
                    {"node", piece.node},
                    {"to", piece.to},
                    {"first", piece.first},
                    {"last", piece.last},
                    {"start_ms", piece.start.count()},
                    {"end_ms", piece.end.count()}});
  }
  return path;
}

Json ToJson(const Played& played) {
  const Simulation& simulation = played.simulation;
  Json links = Json::array();
  for (const LinkUse& link : simulation.links) links.push_back(LinkToJson(link));
  Json json = {
      {"total_ms", simulation.total.count()}, {"one_node_ms", played.one_node.time().count()},
      {"one_node", played.fastest},           {"speedup", played.speedup()},
      {"nodes", NodesToJson(played)},         {"links", links}};
  if (simulation.slowest_link)
    json["slowest_link"] = LinkToJson(simulation.links[*simulation.slowest_link]);
  json["critical_path"] = PathToJson(simulation);
  return json;
}

std::string Ms(Milliseconds time) { return fmt::format("{:.2f}", time.count()); }

void PrintNodes(const Played& played) {
  Table table({"node", "compute ms", "wait ms", "pack ms", "sent", "needs"});
  for (size_t i = 0; i < played.simulation.nodes.size(); ++i) {
    const NodeTimes& node = played.simulation.nodes[i];
    table.Add({played.cluster.nodes[i].name, Ms(node.compute), Ms(node.wait), Ms(node.pack),
               ToString(node.sent), ToString(played.memory[i])});
  }
  PrintTable(table);
  for (size_t i = 0; i < played.memory.size(); ++i) {
    const ClusterNode& node = played.cluster.nodes[i];
    if (played.memory[i] <= node.memory) continue;
    PrintLine(fmt::format("{} has {}: its shard does not fit.", node.name, ToString(node.memory)));
  }
}

void PrintTimeline(const Played& played) {
  constexpr size_t kColumns = 72;
  const std::vector<std::string> lines = DrawTimeline(played.simulation, kColumns);
  PrintLine(fmt::format("0 to {} ms: # computes, + packs, . waits", Ms(played.simulation.total)));
  size_t longest = 0;
  for (const ClusterNode& node : played.cluster.nodes)
    longest = std::max(longest, node.name.size());
  for (size_t i = 0; i < lines.size(); ++i)
    PrintLine(fmt::format("{:<{}} |{}|", played.cluster.nodes[i].name, longest, lines[i]));
  PrintLine("");
}

void Print(const Played& played) {
  constexpr size_t kMostPieces = 12;
  const Simulation& simulation = played.simulation;
  PrintLine(fmt::format("{} ms on {} node{}; the whole network on {} alone: {} ms; speed-up {:.2f}",
                        Ms(simulation.total), simulation.nodes.size(),
                        simulation.nodes.size() == 1 ? "" : "s", played.fastest,
                        Ms(played.one_node.time()), played.speedup()));
  PrintLine("");
  PrintNodes(played);
  PrintTimeline(played);
  for (const std::string& line : DescribePath(simulation, played.cluster, kMostPieces))
    PrintLine(line);
  if (!simulation.slowest_link) return;
  const LinkUse& link = simulation.links[*simulation.slowest_link];
  PrintLine(fmt::format(
      "slowest link: {} -> {}, {} in {} messages, busy {} ms ({}), waited for {} ms",
      played.cluster.node(link.from).name, played.cluster.node(link.to).name, ToString(link.bytes),
      link.messages, Ms(link.busy), Percent(link.utilisation), Ms(link.waited)));
}

Status Run(SimulateCommand& options) {
  if (!options.trace.empty()) {
    DISCO_TRY(KeepInputs(options.trace, "--trace",
                         InputFiles(options.network, {options.plan, options.cluster.cluster})));
  }
  DISCO_ASSIGN(const Graph graph, LoadNetwork(options.network));
  DISCO_ASSIGN(const BoundPlan bound, LoadPlan(options.plan, graph));
  DISCO_ASSIGN(const Cluster all, LoadCluster(options.cluster, bound.nodes()));
  DISCO_ASSIGN(const BoundPlan for_nodes, bound.ForNodes());
  Played played;
  DISCO_ASSIGN(played.one_node, OnOneNode(for_nodes, all));
  played.fastest = all.node(played.one_node.fastest).name;
  DISCO_ASSIGN(played.cluster, Choose(all, options.nodes, bound.nodes()));
  DISCO_ASSIGN(const Cut cut, CutNetwork(for_nodes));
  for (const Graph& shard : cut.shards) played.memory.push_back(MemoryOf(shard));
  DISCO_ASSIGN(played.simulation, Simulate(cut, played.cluster));
  if (!options.trace.empty()) {
    DISCO_TRY(
        WriteFile(options.trace, TimelineJson(TimelineOf(played.simulation, played.cluster))));
  }
  if (options.json) {
    PrintJson(ToJson(played));
  } else {
    Print(played);
  }
  return {};
}

}  // namespace

void AddSimulateCommand(CLI::App& app, Action& action) {
  AddCommand<SimulateCommand>(
      app, action, "simulate", "Play a plan on a cluster, op by op, and say what takes the time",
      [](CLI::App& command, SimulateCommand& options) {
        command.add_option("network", options.network, "An .onnx file")->required();
        command.add_option("--plan", options.plan, "Its plan.json")->required();
        AddClusterOptions(command, options.cluster);
        command
            .add_option("--nodes", options.nodes,
                        "Names of the cluster's nodes that run shards 0, 1, ...; else the first")
            ->delimiter(',');
        command
            .add_option("--trace", options.trace,
                        "Write the timeline for Perfetto or chrome://tracing")
            ->check(NotEmpty);
        AddJsonFlag(command, options.json);
      },
      Run);
}

}  // namespace disco
