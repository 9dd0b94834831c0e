// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <nlohmann/json.hpp>

#include "disco/base/interrupt.h"
#include "disco/base/progress.h"
#include "disco/cli/command.h"
#include "disco/cli/print.h"
#include "disco/cli/probe.h"
#include "disco/cli/session_options.h"

namespace disco {
namespace {

using Json = nlohmann::ordered_json;

struct ProbeCommand {
  std::string nodes, keys, out, deadline = "30s";
  bool json = false;
};

OpenOn Opener(const std::vector<Endpoint>& endpoints, Milliseconds deadline, SharedKeys keys) {
  return [endpoints, deadline, keys = std::move(keys)](const BoundPlan& bound,
                                                       const std::vector<int>& on) {
    std::vector<Endpoint> chosen;
    for (const int node : on) chosen.push_back(endpoints[static_cast<size_t>(node)]);
    return Session::Connect(bound, chosen, {.deadline = deadline, .called = on, .keys = keys});
  };
}

bool AreAlike(const Link& a, const Link& b) {
  constexpr double kNoise = 1.2;
  const auto near = [](double x, double y) { return x <= kNoise * y && y <= kNoise * x; };
  return near(a.bandwidth.bytes_per_second, b.bandwidth.bytes_per_second) &&
         near(a.latency.count(), b.latency.count());
}

// Of two nodes.
struct ProbedPair {
  int a = 0, b = 0;
  ProbedLink probed;
};

struct Probed {
  Cluster cluster;
  std::vector<ProbedNode> nodes;
  std::vector<ProbedPair> pairs;
};

// All nodes, then all pairs. The first link stands for those that are like it.
Result<Probed> Probe(const std::vector<Endpoint>& endpoints, const OpenOn& open) {
  Probed result;
  Cluster& cluster = result.cluster;
  const auto count = static_cast<int>(endpoints.size());
  Progress progress("probe", "measurements", kProbedNetworks + count * (count - 1) / 2);
  int64_t done = 0;
  const auto step = [&](const std::string& what) -> Status {
    progress.Update(++done, what);
    if (!Interrupted()) return {};
    return Fail(ErrorKind::kInterrupted, "stopped while probing; no cluster was written");
  };
  DISCO_ASSIGN(result.nodes, ProbeNodes(open, count, [&step] { return step("nodes"); }));
  for (size_t node = 0; node < result.nodes.size(); ++node) {
    cluster.nodes.push_back({.name = fmt::format("node-{}", node),
                             .endpoint = ToString(endpoints[node]),
                             .memory = result.nodes[node].memory,
                             .speed = result.nodes[node].speed});
  }
  for (int a = 0; a < count; ++a) {
    for (int b = a + 1; b < count; ++b) {
      DISCO_ASSIGN(const ProbedLink probed, ProbeLink(open, a, b));
      if (a == 0 && b == 1) cluster.link = probed.fitted.link;
      if (!AreAlike(probed.fitted.link, cluster.link))
        cluster.others[{a, b}] = cluster.others[{b, a}] = probed.fitted.link;
      for (const int node : {a, b}) {
        NodeSpeed& speed = cluster.nodes[static_cast<size_t>(node)].speed;
        speed.send = probed.fitted.send;
        speed.receive = probed.fitted.receive;
      }
      result.pairs.push_back({a, b, probed});
      DISCO_TRY(step(fmt::format("link {} - {}", a, b)));
    }
  }
  return result;
}

// To three digits: more of them would say nothing, and a file for people be hard to read.
double Rounded(double value) {
  return std::isfinite(value) ? std::stod(fmt::format("{:.3g}", value)) : value;
}
void Round(Bandwidth& bandwidth) { bandwidth = {Rounded(bandwidth.bytes_per_second)}; }
void Round(Milliseconds& time) { time = Milliseconds(Rounded(time.count())); }
void Round(Link& link) {
  Round(link.bandwidth);
  Round(link.latency);
}

void Round(Cluster& cluster) {
  Round(cluster.link);
  for (auto& [pair, link] : cluster.others) Round(link);
  for (ClusterNode& node : cluster.nodes) {
    for (KindSpeed& kind : node.speed.kinds) {
      Round(kind.overhead);
      kind.rate = {Rounded(kind.rate.macs_per_second)};
      Round(kind.weights);
      Round(kind.activations);
    }
    for (PackSpeed* pack : {&node.speed.send, &node.speed.receive}) {
      Round(pack->overhead);
      Round(pack->bandwidth);
    }
  }
}

std::string Reached(const ProbedNode& node, OpKind kind) {
  return fmt::format("{:.1f}", node.reached.at(kind).macs_per_second / 1e9);
}

std::string TextOf(const Bandwidth& bandwidth) {
  if (std::isinf(bandwidth.bytes_per_second)) return "as quick as the processors";
  return fmt::format("{:.1f} MB/s", bandwidth.bytes_per_second / 1e6);
}

// What multiplies; the rest only moves elements.
constexpr OpKind kMultiplying[] = {OpKind::kPoint, OpKind::kWindow, OpKind::kDepthwise,
                                   OpKind::kMatrix};

void Print(const Probed& probed) {
  const auto& [cluster, probed_nodes, pairs] = probed;
  Table nodes({"node", "where", "memory", "point GMAC/s", "window", "depthwise", "matrix"});
  for (size_t i = 0; i < cluster.nodes.size(); ++i) {
    const ClusterNode& node = cluster.nodes[i];
    std::vector<std::string> row = {node.name, node.endpoint.value_or(""), ToString(node.memory)};
    for (const OpKind kind : kMultiplying) row.push_back(Reached(probed_nodes[i], kind));
    nodes.Add(row);
  }
  PrintTable(nodes);
  for (const ProbedPair& pair : pairs) {
    const Link& link = pair.probed.fitted.link;
    PrintLine(fmt::format("{} - {}: {}, {:.0f} us a message; 10 kB in {:.1f} us",
                          cluster.node(pair.a).name, cluster.node(pair.b).name,
                          TextOf(link.bandwidth), link.latency.count() * 1e3,
                          pair.probed.ten_kilobytes.count() * 1e3));
  }
}

Json NodesToJson(const Probed& probed) {
  Json nodes = Json::array();
  for (size_t i = 0; i < probed.nodes.size(); ++i) {
    Json entry = {{"name", probed.cluster.nodes[i].name}, {"memory", probed.nodes[i].memory.value}};
    for (const OpKind kind : kMultiplying)
      entry["gmacs_per_second"][std::string(Name(kind))] =
          probed.nodes[i].reached.at(kind).macs_per_second / 1e9;
    nodes.push_back(std::move(entry));
  }
  return nodes;
}

Json ToJson(const Probed& probed, const std::string& out) {
  Json links = Json::array();
  for (const ProbedPair& pair : probed.pairs) {
    const Link& link = pair.probed.fitted.link;
    links.push_back(
        {{"between", {probed.cluster.node(pair.a).name, probed.cluster.node(pair.b).name}},
         {"bytes_per_second", link.bandwidth.bytes_per_second},
         {"latency_ms", link.latency.count()},
         {"ten_kilobytes_ms", pair.probed.ten_kilobytes.count()}});
  }
  return {{"nodes", NodesToJson(probed)}, {"links", links}, {"file", out}};
}

Status Run(ProbeCommand& options) {
  DISCO_ASSIGN(const std::vector<Endpoint> endpoints, ParseEndpoints(options.nodes));
  DISCO_ASSIGN(const Milliseconds deadline, ParseDeadline(options.deadline));
  DISCO_ASSIGN(SharedKeys keys, LoadKeysIfGiven(options.keys));
  DISCO_TRY(CheckWritable(options.out));
  CatchInterrupts();
  DISCO_ASSIGN(Probed probed, Probe(endpoints, Opener(endpoints, deadline, std::move(keys))));
  Round(probed.cluster);
  DISCO_TRY(WriteCluster(probed.cluster, options.out));
  if (options.json) {
    PrintJson(ToJson(probed, options.out));
  } else {
    Print(probed);
    PrintLine(fmt::format("wrote {}; disco simulate and disco advise read it", options.out));
  }
  return {};
}

}  // namespace

void AddProbeCommand(CLI::App& app, Action& action) {
  AddCommand<ProbeCommand>(
      app, action, "probe", "Measure nodes and the links between them into cluster.toml",
      [](CLI::App& command, ProbeCommand& options) {
        command
            .add_option("--nodes", options.nodes,
                        "One `disco node` per ADDRESS:PORT: a:7701,b:7701")
            ->required();
        AddKeysOption(command, options.keys);
        command.add_option("--out", options.out, "The cluster.toml to write")
            ->required()
            ->check(NotEmpty);
        command.add_option("--deadline", options.deadline, DeadlineHelp(options.deadline));
        AddJsonFlag(command, options.json);
      },
      Run);
}

}  // namespace disco
