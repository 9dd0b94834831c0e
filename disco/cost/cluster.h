// SPDX-License-Identifier: Apache-2.0
// Cluster: the machines and the links between them, as measured or as written by hand; kept in
// cluster.toml (docs/format/cluster.md).
//
// Node i of a plan runs on node i of the cluster. Errors: kInvalid, with file, line and what to
// write. Thread rule: plain values.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "disco/base/file.h"
#include "disco/cost/node_speed.h"
#include "disco/plan/plan.h"

namespace disco {

// One direction between two nodes. Messages follow one another in order; the latency of one does
// not keep the next one waiting.
struct Link {
  Bandwidth bandwidth{kUnlimited};
  Milliseconds latency{0};
};

// Of a node whose memory nobody asks about: the most that ParseBytes reads.
inline constexpr Bytes kUnlimitedMemory{1'000'000'000'000'000};

struct ClusterNode {
  std::string name;                     // unique in the cluster
  std::optional<std::string> endpoint;  // "host:port", where it listens
  Bytes memory;                         // that it gives to its callers
  NodeSpeed speed;
};

struct Cluster {
  std::vector<ClusterNode> nodes;
  Link link;                                         // of every ordered pair...
  std::map<std::pair<NodeId, NodeId>, Link> others;  // ...but these (from, to)
  // Whether all messages out of a node take turns on one interface; else each pair has its own.
  bool shared_interface = false;

  const ClusterNode& node(NodeId id) const { return nodes[static_cast<size_t>(id)]; }
  const Link& LinkBetween(NodeId from, NodeId to) const {
    const auto other = others.find({from, to});
    return other == others.end() ? link : other->second;
  }
};

// Equal nodes with as much memory as is wanted, of which only the speed of multiplication counts.
struct UniformOptions {
  int nodes = 2;
  Link link;
  ComputeSpeed compute;
};
Cluster Uniform(const UniformOptions& options);

// The part of `cluster` that is nodes `chosen`, in that order, renumbered from 0.
Cluster Subset(const Cluster& cluster, const std::vector<NodeId>& chosen);

// The same nodes, every link `factor` times as fast; latencies stay.
Cluster WithBandwidth(Cluster cluster, double factor);

// Errors: kInvalid naming the name that none has, and those there are.
Result<NodeId> FindNode(const Cluster& cluster, const std::string& name);

Result<Cluster> ReadCluster(const Path& path);
// The same from text; `source` stands for the file in errors.
Result<Cluster> ParseCluster(const std::string& text, const std::string& source);
std::string ClusterToToml(const Cluster& cluster);
// Errors: kIo.
Status WriteCluster(const Cluster& cluster, const Path& path);

}  // namespace disco
