// SPDX-License-Identifier: Apache-2.0
#include "disco/cost/cluster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "disco/base/random.h"

namespace disco {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// Figures that no short decimal says.
Cluster Odd() {
  Random random(3);
  Cluster cluster{.link = {{random.Uniform(1e6, 1e8)}, Milliseconds(random.Uniform())},
                  .shared_interface = true};
  for (const char* name : {"pi-0", "pi-1", "desk"}) {
    ClusterNode node{.name = name, .memory = {4'000'000'001}};
    for (const OpKind kind : kOpKinds) {
      node.speed.of(kind) = {Milliseconds(random.Uniform()),
                             {random.Uniform(1e9, 1e12)},
                             {random.Uniform(1e9, 1e11)},
                             {random.Uniform(1e9, 1e11)}};
    }
    node.speed.of(OpKind::kMove).rate = {kUnlimited};
    node.speed.of(OpKind::kMove).weights = {kUnlimited};
    node.speed.send = {Milliseconds(random.Uniform()), {random.Uniform(1e9, 1e10)}};
    cluster.nodes.push_back(node);
  }
  cluster.nodes[1].endpoint = "10.0.0.2:7701";
  cluster.others[{2, 0}] = {{1e6}, Milliseconds(3)};
  return cluster;
}

void ExpectSame(const Link& a, const Link& b) {
  EXPECT_EQ(a.bandwidth.bytes_per_second, b.bandwidth.bytes_per_second);
  EXPECT_EQ(a.latency, b.latency);
}

void ExpectSame(const NodeSpeed& a, const NodeSpeed& b) {
  for (const OpKind kind : kOpKinds) {
    EXPECT_EQ(a.of(kind).overhead, b.of(kind).overhead);
    EXPECT_EQ(a.of(kind).rate.macs_per_second, b.of(kind).rate.macs_per_second);
    EXPECT_EQ(a.of(kind).weights.bytes_per_second, b.of(kind).weights.bytes_per_second);
    EXPECT_EQ(a.of(kind).activations.bytes_per_second, b.of(kind).activations.bytes_per_second);
  }
  EXPECT_EQ(a.send.overhead, b.send.overhead);
  EXPECT_EQ(a.send.bandwidth.bytes_per_second, b.send.bandwidth.bytes_per_second);
  EXPECT_EQ(a.receive.bandwidth.bytes_per_second, b.receive.bandwidth.bytes_per_second);
}

TEST(ClusterFile, IsReadBackExactly) {
  const Cluster odd = Odd();
  const auto read = ParseCluster(ClusterToToml(odd), "cluster.toml");
  ASSERT_TRUE(read) << read.error().message;
  ExpectSame(read->link, odd.link);
  EXPECT_TRUE(read->shared_interface);
  ASSERT_EQ(read->nodes.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(read->nodes[i].name, odd.nodes[i].name);
    EXPECT_EQ(read->nodes[i].endpoint, odd.nodes[i].endpoint);
    EXPECT_EQ(read->nodes[i].memory, odd.nodes[i].memory);
    ExpectSame(read->nodes[i].speed, odd.nodes[i].speed);
  }
  ASSERT_EQ(read->others.size(), 1u);
  ExpectSame(read->LinkBetween(2, 0), odd.others.at({2, 0}));
  ExpectSame(read->LinkBetween(0, 2), odd.link);
}

TEST(ClusterFile, SaysAnUnlimitedRateByAWord) {
  const Cluster uniform = Uniform({.nodes = 2, .compute = {125e9}});
  const std::string text = ClusterToToml(uniform);
  EXPECT_THAT(text, AllOf(HasSubstr("rate = \"125GMAC/s\""), HasSubstr("memory = \"1000000GB\""),
                          HasSubstr("weight_bandwidth = \"unlimited\"")));
  ExpectSame(ParseCluster(text, "")->nodes[1].speed, uniform.nodes[1].speed);
}

// Line 1 says the version, line 9 begins the first node, line 12 its first section.
struct Damage {
  const char* from;
  const char* to;
  const char* error;
};
class Damaged : public testing::TestWithParam<Damage> {};

TEST_P(Damaged, IsRefusedWithItsLineAndWhatToWrite) {
  std::string text = ClusterToToml(Odd());
  const size_t place = text.find(GetParam().from);
  ASSERT_NE(place, std::string::npos);
  text.replace(place, std::string_view(GetParam().from).size(), GetParam().to);
  const auto cluster = ParseCluster(text, "cluster.toml");
  ASSERT_FALSE(cluster) << GetParam().to;
  EXPECT_EQ(cluster.error().kind, ErrorKind::kInvalid);
  EXPECT_THAT(cluster.error().message, HasSubstr(GetParam().error));
}

INSTANTIATE_TEST_SUITE_P(
    , Damaged,
    testing::Values(
        Damage{"disco_cluster = 1", "disco_cluster = 2",
               "cluster.toml:1: the file: disco_cluster: version 2"},
        Damage{"disco_cluster = 1", "", "disco_cluster: is missing; write disco_cluster = 1"},
        Damage{"disco_cluster = 1", "disco_cluster = \"1\"", "cluster.toml:1"},
        Damage{"shared_interface = true", "shared_interface = 1",
               "write shared_interface = true or false"},
        Damage{"[default_link]", "[links]", "add the section [default_link]"},
        Damage{"memory = \"", "mem = \"", "memory: is missing; write memory = \"4GB\""},
        Damage{"memory = \"4000000001B\"", "memory = \"4000000001\"",
               "'4000000001' has no unit; write it like 512MB or 4GB"},
        Damage{"memory = \"4000000001B\"", "memory = 4000000001",
               "memory: is of the wrong type; write memory = \"4GB\""},
        Damage{"memory = \"4000000001B\"", "memory = \"lots\"", "memory: cannot read 'lots'"},
        Damage{"name = \"pi-0\"", "name = \"pi 0\"", "'pi 0' is no name"},
        Damage{"name = \"pi-0\"", "name = \"pi-1\"", "two nodes are called pi-1"},
        Damage{"endpoint = \"10.0.0.2:7701\"", "endpoint = \"pi\"",
               "endpoint: cannot read 'pi'; write it like 10.0.0.2:7701"},
        Damage{"[node.point]", "[node.dot]",
               "[[node]]: point: is missing; add the section [node.point] of pi-0"},
        Damage{"[node.point]", "[node.point]\nspeed = 3",
               "cluster.toml:13: [node.point] of pi-0: speed: there is no such key; the keys are "
               "activation_bandwidth, overhead, rate, weight_bandwidth"},
        Damage{"[node.point]\noverhead = \"", "[node.point]\noverhead = \"x",
               "cluster.toml:13: [node.point] of pi-0: overhead: cannot read"},
        Damage{"[node.move]\n", "[node.move]\nrate = \"1GMAC/s\"\n",
               "[node.move] of pi-0: rate: there is no such key"},
        Damage{"from = \"desk\"", "from = \"desktop\"",
               "there is no node 'desktop' in the cluster; its nodes are pi-0, pi-1, desk"},
        Damage{"from = \"desk\"", "from = \"pi-0\"", "a node has no link to itself"},
        Damage{"\n[[link]]", "\n[link]", "write each as a section [[link]]"},
        Damage{"\n[[link]]", "\n[[lnk]]", "lnk: there is no such key"},
        Damage{"\n[[link]]",
               "\n[[link]]\nfrom = \"desk\"\nto = \"pi-0\"\nbandwidth = \"1MB/s\"\nlatency = "
               "\"1ms\"\n[[link]]",
               "stands twice"},
        Damage{"\n[[link]]", "\n[[link", "cluster.toml"}));

TEST(ClusterFile, NeedsANode) {
  const auto cluster = ParseCluster(
      "disco_cluster = 1\n[default_link]\nbandwidth = \"1MB/s\"\nlatency = \"0ms\"\n", "c.toml");
  EXPECT_THAT(cluster.error().message, HasSubstr("0 nodes; write 1 to 64 sections [[node]]"));
}

TEST(ClusterFile, ThatIsNotThereIsNamed) {
  EXPECT_THAT(ReadCluster("nowhere.toml").error().message, HasSubstr("nowhere.toml"));
}

TEST(ClusterParts, ASubsetKeepsItsLinks) {
  const Cluster odd = Odd();
  const Cluster two = Subset(odd, {2, 0});
  EXPECT_EQ(two.nodes[0].name, "desk");
  EXPECT_EQ(two.nodes[1].name, "pi-0");
  ExpectSame(two.LinkBetween(0, 1), odd.LinkBetween(2, 0));
  ExpectSame(two.LinkBetween(1, 0), odd.link);
  EXPECT_TRUE(two.shared_interface);
}

TEST(ClusterParts, BandwidthIsScaledOnEveryLink) {
  const Cluster odd = Odd(), fast = WithBandwidth(odd, 10);
  EXPECT_DOUBLE_EQ(fast.link.bandwidth.bytes_per_second, 10 * odd.link.bandwidth.bytes_per_second);
  EXPECT_DOUBLE_EQ(fast.LinkBetween(2, 0).bandwidth.bytes_per_second, 1e7);
  EXPECT_EQ(fast.link.latency, odd.link.latency);
}

}  // namespace
}  // namespace disco
