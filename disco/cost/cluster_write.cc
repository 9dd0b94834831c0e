// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "disco/base/timeline.h"
#include "disco/cost/cluster.h"

namespace disco {
namespace {

std::string Limit(Bandwidth rate) {
  return std::isinf(rate.bytes_per_second) ? "unlimited" : ExactText(rate);
}
std::string Limit(ComputeSpeed speed) {
  return std::isinf(speed.macs_per_second) ? "unlimited" : ExactText(speed);
}

std::string KindToToml(OpKind kind, const KindSpeed& speed) {
  std::string text =
      fmt::format("[node.{}]\noverhead = \"{}\"\n", Name(kind), ExactText(speed.overhead));
  if (kind != OpKind::kMove) {
    text += fmt::format("rate = \"{}\"\nweight_bandwidth = \"{}\"\n", Limit(speed.rate),
                        Limit(speed.weights));
  }
  return text + fmt::format("activation_bandwidth = \"{}\"\n", Limit(speed.activations));
}

std::string PackToToml(std::string_view what, const PackSpeed& speed) {
  return fmt::format("[node.{}]\noverhead = \"{}\"\nbandwidth = \"{}\"\n", what,
                     ExactText(speed.overhead), Limit(speed.bandwidth));
}

std::string LinkToToml(const Link& link) {
  return fmt::format("bandwidth = \"{}\"\nlatency = \"{}\"\n", Limit(link.bandwidth),
                     ExactText(link.latency));
}

std::string NodeToToml(const ClusterNode& node) {
  // A TOML string escapes as a JSON string does.
  std::string text = fmt::format("\n[[node]]\nname = {}\n", JsonString(node.name));
  if (node.endpoint) text += fmt::format("endpoint = {}\n", JsonString(*node.endpoint));
  text += fmt::format("memory = \"{}\"\n", ExactText(node.memory));
  for (const OpKind kind : kOpKinds) text += KindToToml(kind, node.speed.of(kind));
  return text + PackToToml("send", node.speed.send) + PackToToml("receive", node.speed.receive);
}

}  // namespace

std::string ClusterToToml(const Cluster& cluster) {
  std::string text = fmt::format(
      "disco_cluster = 1\nshared_interface = {}\n\n"
      "# Every link between two nodes, one direction, but those in [[link]].\n[default_link]\n{}",
      cluster.shared_interface, LinkToToml(cluster.link));
  for (const ClusterNode& node : cluster.nodes) text += NodeToToml(node);
  for (const auto& [ends, link] : cluster.others) {
    text +=
        fmt::format("\n[[link]]\nfrom = {}\nto = {}\n{}", JsonString(cluster.node(ends.first).name),
                    JsonString(cluster.node(ends.second).name), LinkToToml(link));
  }
  return text;
}

Status WriteCluster(const Cluster& cluster, const Path& path) {
  return WriteFile(path, ClusterToToml(cluster));
}

}  // namespace disco
