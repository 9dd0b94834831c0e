// SPDX-License-Identifier: Apache-2.0
#include "disco/cost/cluster.h"

#include <algorithm>

namespace disco {

Cluster Uniform(const UniformOptions& options) {
  ClusterNode node{.memory = kUnlimitedMemory};
  for (const OpKind kind : kOpKinds) {
    if (kind != OpKind::kMove) node.speed.of(kind).rate = options.compute;
  }
  Cluster cluster{.link = options.link};
  for (int i = 0; i < options.nodes; ++i) {
    cluster.nodes.push_back(node);
    cluster.nodes.back().name = fmt::format("node-{}", i);
  }
  return cluster;
}

Cluster Subset(const Cluster& cluster, const std::vector<NodeId>& chosen) {
  Cluster subset{.link = cluster.link, .shared_interface = cluster.shared_interface};
  const auto count = static_cast<NodeId>(chosen.size());
  for (NodeId from = 0; from < count; ++from) {
    const NodeId old_from = chosen[static_cast<size_t>(from)];
    subset.nodes.push_back(cluster.node(old_from));
    for (NodeId to = 0; to < count; ++to) {
      const auto other = cluster.others.find({old_from, chosen[static_cast<size_t>(to)]});
      if (other != cluster.others.end()) subset.others[{from, to}] = other->second;
    }
  }
  return subset;
}

Cluster WithBandwidth(Cluster cluster, double factor) {
  cluster.link.bandwidth.bytes_per_second *= factor;
  for (auto& [pair, link] : cluster.others) link.bandwidth.bytes_per_second *= factor;
  return cluster;
}

Result<NodeId> FindNode(const Cluster& cluster, const std::string& name) {
  const auto found = std::ranges::find(cluster.nodes, name, &ClusterNode::name);
  if (found != cluster.nodes.end()) return static_cast<NodeId>(found - cluster.nodes.begin());
  std::string names;
  for (const ClusterNode& node : cluster.nodes) names += (names.empty() ? "" : ", ") + node.name;
  return Fail(ErrorKind::kInvalid, "there is no node '{}' in the cluster; its nodes are {}", name,
              names);
}

}  // namespace disco
