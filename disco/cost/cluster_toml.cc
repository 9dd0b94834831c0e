// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <sstream>

#include "disco/base/toml_depth.h"
#include "disco/cost/cluster.h"
#include "disco/cost/toml_section.h"

namespace disco {
namespace {

constexpr int kVersion = 1;
constexpr std::string_view kUnlimitedText = "unlimited";

Result<Bandwidth> ParseLimit(std::string_view text) {
  return text == kUnlimitedText ? Bandwidth{kUnlimited} : ParseBandwidth(text);
}
Result<ComputeSpeed> ParseRate(std::string_view text) {
  return text == kUnlimitedText ? ComputeSpeed{kUnlimited} : ParseComputeSpeed(text);
}

// In a file a bare number is refused: nobody could see whether it means seconds or milliseconds.
Status CheckUnit(std::string_view text, std::string_view example) {
  if (text.empty() || (text.back() >= '0' && text.back() <= '9'))
    return Fail(ErrorKind::kInvalid, "'{}' has no unit; write it like {}", text, example);
  return {};
}
Result<Milliseconds> ParseTime(std::string_view text) {
  DISCO_TRY(CheckUnit(text, "5us or 2ms"));
  return ParseDuration(text);
}
Result<Bytes> ParseSize(std::string_view text) {
  DISCO_TRY(CheckUnit(text, "512MB or 4GB"));
  return ParseBytes(text);
}

// A name that can stand in a list on a command line.
Result<std::string> ParseName(std::string_view text) {
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  constexpr size_t kLongest = 64;
  if (!text.empty() && text.size() <= kLongest &&
      text.find_first_not_of(kAllowed) == std::string_view::npos)
    return std::string(text);
  return Fail(ErrorKind::kInvalid, "'{}' is no name; take 1 to {} letters, digits, '.', '_', '-'",
              text, kLongest);
}

Result<std::string> ParseHostAndPort(std::string_view text) {
  if (text.find(':') != std::string_view::npos &&
      std::ranges::all_of(text, [](char byte) { return byte > ' ' && byte < 0x7f; }))
    return std::string(text);
  return Fail(ErrorKind::kInvalid, "cannot read '{}'; write it like 10.0.0.2:7701", text);
}

Status ReadKind(TomlSection section, OpKind kind, KindSpeed& speed) {
  DISCO_TRY(section.Read("overhead", R"("5us")", ParseTime, speed.overhead));
  if (kind != OpKind::kMove) {
    DISCO_TRY(section.Read("rate", R"("80GMAC/s")", ParseRate, speed.rate));
    DISCO_TRY(section.Read("weight_bandwidth", R"("10GB/s")", ParseLimit, speed.weights));
  }
  DISCO_TRY(section.Read("activation_bandwidth", R"("10GB/s")", ParseLimit, speed.activations));
  return section.Finish();
}

Status ReadPack(TomlSection section, PackSpeed& speed) {
  DISCO_TRY(section.Read("overhead", R"("5us")", ParseTime, speed.overhead));
  DISCO_TRY(section.Read("bandwidth", R"("4GB/s")", ParseLimit, speed.bandwidth));
  return section.Finish();
}

Status ReadLink(TomlSection& section, Link& link) {
  DISCO_TRY(section.Read("bandwidth", R"("37.5MB/s")", ParseLimit, link.bandwidth));
  DISCO_TRY(section.Read("latency", R"("60us")", ParseTime, link.latency));
  return section.Finish();
}

Status ReadNode(TomlSection& section, Cluster& cluster) {
  ClusterNode node;
  DISCO_TRY(section.Read("name", R"("node-0")", ParseName, node.name));
  if (FindNode(cluster, node.name)) {
    return section.Complaint(
        "name", fmt::format("two nodes are called {}; give each its own name", node.name));
  }
  if (section.Has("endpoint"))
    DISCO_TRY(
        section.Read("endpoint", R"("10.0.0.2:7701")", ParseHostAndPort, node.endpoint.emplace()));
  DISCO_TRY(section.Read("memory", R"("4GB")", ParseSize, node.memory));
  for (const OpKind kind : kOpKinds) {
    const std::string key(Name(kind));
    DISCO_ASSIGN(TomlSection child, section.Child(key, "[node." + key + "] of " + node.name));
    DISCO_TRY(ReadKind(std::move(child), kind, node.speed.of(kind)));
  }
  DISCO_ASSIGN(TomlSection send, section.Child("send", "[node.send] of " + node.name));
  DISCO_TRY(ReadPack(std::move(send), node.speed.send));
  DISCO_ASSIGN(TomlSection receive, section.Child("receive", "[node.receive] of " + node.name));
  DISCO_TRY(ReadPack(std::move(receive), node.speed.receive));
  cluster.nodes.push_back(std::move(node));
  return section.Finish();
}

Result<NodeId> ReadEnd(TomlSection& section, const std::string& key, const Cluster& cluster) {
  DISCO_ASSIGN(const std::string name, section.Text(key, R"("node-0")"));
  const auto node = FindNode(cluster, name);
  if (!node) return section.Complaint(key, node.error().message);
  return *node;
}

Status ReadOther(TomlSection& section, Cluster& cluster) {
  DISCO_ASSIGN(const NodeId from, ReadEnd(section, "from", cluster));
  DISCO_ASSIGN(const NodeId to, ReadEnd(section, "to", cluster));
  if (from == to) return section.Complaint("to", "a node has no link to itself; name another node");
  const auto [place, fresh] = cluster.others.try_emplace({from, to});
  if (!fresh)
    return section.Complaint("to", "this link stands twice in the file; remove one of them");
  return ReadLink(section, place->second);
}

Result<Cluster> FromRoot(TomlSection root) {
  DISCO_ASSIGN(const int64_t version, root.WholeNumber("disco_cluster", std::to_string(kVersion)));
  if (version != kVersion) {
    return root.Complaint("disco_cluster", fmt::format("version {}, this disco reads {}; probe the "
                                                       "cluster again or write it anew",
                                                       version, kVersion));
  }
  Cluster cluster;
  if (root.Has("shared_interface")) {
    DISCO_ASSIGN(cluster.shared_interface, root.Flag("shared_interface"));
  }
  DISCO_ASSIGN(TomlSection link, root.Child("default_link", "[default_link]"));
  DISCO_TRY(ReadLink(link, cluster.link));
  DISCO_ASSIGN(std::vector<TomlSection> nodes, root.Children("node"));
  if (nodes.empty() || nodes.size() > static_cast<size_t>(kMaxNodes)) {
    return root.Complaint(
        "node", fmt::format("{} nodes; write 1 to {} sections [[node]]", nodes.size(), kMaxNodes));
  }
  for (TomlSection& node : nodes) DISCO_TRY(ReadNode(node, cluster));
  DISCO_ASSIGN(std::vector<TomlSection> others, root.Children("link"));
  for (TomlSection& other : others) DISCO_TRY(ReadOther(other, cluster));
  DISCO_TRY(root.Finish());
  return cluster;
}

}  // namespace

Result<Cluster> ParseCluster(const std::string& text, const std::string& source) {
  if (const Status flat = CheckTomlDepth(text); !flat) return At(source, flat.error());
  try {
    std::istringstream stream(text);
    const toml::value root = toml::parse(stream, source);
    return FromRoot(TomlSection(source, root, "the file"));
  } catch (const std::exception& error) {  // toml11 says file and line itself
    return Fail(ErrorKind::kInvalid, "{}", error.what());
  }
}

Result<Cluster> ReadCluster(const Path& path) {
  DISCO_ASSIGN(const std::string text, ReadFile(path));
  return ParseCluster(text, path.string());
}

}  // namespace disco
