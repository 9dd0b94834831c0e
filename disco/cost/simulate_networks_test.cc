// SPDX-License-Identifier: Apache-2.0
// What holds of every simulation, on networks of the zoo.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "disco/cost/estimate.h"
#include "disco/cost/one_node.h"
#include "disco/cost/op_time.h"
#include "disco/cost/simulate.h"
#include "disco/plan/make_plan.h"
#include "disco/shard/cut_for_test.h"
#include "disco/zoo/zoo.h"

namespace disco {
namespace {

constexpr double kRounding = 1e-9;  // of sums of doubles, relative

struct Case {
  const char* network;
  int nodes;
  const char* method;
  double sparsity;
};

void PrintTo(const Case& drawn, std::ostream* out) {
  *out << drawn.network << ", " << drawn.nodes << " nodes, " << drawn.method << " "
       << drawn.sparsity;
}

// Uneven nodes, every term of the model above 0.
Cluster MixedCluster(int nodes) {
  Cluster cluster =
      Uniform({.nodes = nodes, .link = {{37.5e6}, Milliseconds(0.06)}, .compute = {50e9}});
  for (size_t i = 0; i < cluster.nodes.size(); ++i) {
    NodeSpeed& speed = cluster.nodes[i].speed;
    for (KindSpeed& kind : speed.kinds) {
      kind.overhead = Milliseconds(0.005);
      kind.weights = {10e9};
      kind.activations = {8e9};
      kind.rate.macs_per_second /= static_cast<double>(i + 1);
    }
    speed.send = speed.receive = {Milliseconds(0.004), {3e9}};
  }
  return cluster;
}

class Networks : public testing::TestWithParam<Case> {
 protected:
  Networks()
      : graph_(
            *MakeZooNetwork({.name = GetParam().network, .width = {1, 4}, .image = {3, 64, 64}})),
        plan_(*MakePlan(graph_, {.nodes = GetParam().nodes,
                                 .method = *ParseMethod(GetParam().method),
                                 .sparsity = GetParam().sparsity})),
        cut_(*CutFor(graph_, plan_)),
        cluster_(MixedCluster(GetParam().nodes)) {}

  Simulation On(const Cluster& cluster) const { return *Simulate(cut_, cluster); }

  Graph graph_;
  Plan plan_;
  Cut cut_;
  Cluster cluster_;
};

TEST_P(Networks, EveryMomentOfANodeIsCounted) {
  const Simulation simulation = On(cluster_);
  for (size_t node = 0; node < cut_.shards.size(); ++node) {
    const NodeTimes& times = simulation.nodes[node];
    const Milliseconds computed = GraphTime(cut_.shards[node], cluster_.nodes[node].speed);
    EXPECT_NEAR(times.compute / computed, 1, kRounding);
    EXPECT_NEAR((times.compute + times.wait + times.pack) / times.end, 1, kRounding);
    EXPECT_LE(times.end, simulation.total);
    EXPECT_LE(times.compute, simulation.total);
  }
}

TEST_P(Networks, BytesOfALinkAreThoseOfTheTraffic) {
  const Simulation simulation = On(cluster_);
  Bytes total;
  for (const LinkUse& link : simulation.links) {
    Bytes planned;
    for (const Transfer& transfer : cut_.traffic)
      planned += transfer.from == link.from && transfer.to == link.to ? transfer.size : Bytes{};
    EXPECT_EQ(link.bytes, planned);
    EXPECT_LE(link.utilisation, 1 + kRounding);
    total += link.bytes;
  }
  EXPECT_EQ(total, TotalBytes(cut_.traffic));
  for (NodeId node = 0; node < plan_.nodes; ++node) {
    EXPECT_EQ(simulation.nodes[static_cast<size_t>(node)].sent, SentBytes(cut_.traffic, node));
    EXPECT_EQ(simulation.nodes[static_cast<size_t>(node)].received,
              ReceivedBytes(cut_.traffic, node));
  }
}

TEST_P(Networks, TheCriticalPathRunsFromTheStartToTheEndWithoutAGap) {
  const Simulation simulation = On(cluster_);
  Milliseconds now{0}, sum{0};
  for (const size_t id : simulation.critical_path) {
    const SimulatedEvent& event = simulation.timeline[id];
    EXPECT_EQ(event.start, now) << event.name;
    EXPECT_NE(event.kind, EventKind::kWait) << "a wait is explained by what it waits for";
    now = event.end;
    sum += event.end - event.start;
  }
  EXPECT_EQ(now, simulation.total);
  EXPECT_NEAR(sum / simulation.total, 1, kRounding);
}

TEST_P(Networks, EventsOfOneProcessorOrLinkDoNotOverlap) {
  const Simulation simulation = On(cluster_);
  std::map<std::pair<NodeId, NodeId>, Milliseconds> ends;  // node to itself: the processor
  for (const SimulatedEvent& event : simulation.timeline) {
    EXPECT_LT(event.start, event.end);
    if (event.cause) {
      const SimulatedEvent& cause = simulation.timeline[*event.cause];
      EXPECT_EQ(cause.end, event.kind == EventKind::kWait ? event.end : event.start);
    }
    if (event.kind == EventKind::kLatency) continue;
    Milliseconds& end = ends[{event.node, event.to}];
    EXPECT_GE(event.start, end);
    end = event.end;
  }
}

TEST_P(Networks, AFasterLinkIsNeverSlower) {
  Milliseconds before = On(WithBandwidth(cluster_, 0.01)).total;
  for (const double factor : {0.1, 0.5, 1.0, 2.0, 4.0, 100.0}) {
    const Milliseconds now = On(WithBandwidth(cluster_, factor)).total;
    EXPECT_LE(now, before) << factor;
    before = now;
  }
  Cluster ideal = cluster_;
  ideal.link = {};
  EXPECT_LE(On(ideal).total, before);
  Cluster shared = cluster_;
  shared.shared_interface = true;
  EXPECT_GE(On(shared).total, On(cluster_).total);
}

INSTANTIATE_TEST_SUITE_P(
    , Networks,
    testing::Values(Case{"resnet8", 1, "dense", 0}, Case{"resnet8", 2, "dense", 0},
                    Case{"resnet20", 2, "disco", 0.9}, Case{"resnet20", 3, "disco", 0.99},
                    Case{"resnet20", 5, "branches", 0}, Case{"resnet18", 4, "dense", 0},
                    Case{"resnet50", 2, "disco", 0.8}, Case{"resnet50", 7, "random", 0.95},
                    Case{"resnet34", 3, "dense-then-split=layer3", 0}));

TEST(SimulateNetworks, OneNodeIsTheSumOfItsOps) {
  const Graph graph = *MakeZooNetwork({.name = "resnet20"});
  const Cut cut = *CutFor(graph, SingleNodePlan(graph));
  const Cluster cluster = MixedCluster(1);
  const Simulation simulation = *Simulate(cut, cluster);
  Milliseconds sum{0};
  for (const OpWork& work : WorkOf(cut.shards[0])) sum += OpTime(work, cluster.nodes[0].speed);
  EXPECT_NEAR(simulation.total / sum, 1, kRounding);
  EXPECT_TRUE(simulation.links.empty());
  EXPECT_FALSE(simulation.slowest_link);
  EXPECT_NEAR(OnOneNode(BindWhole(graph)->for_nodes, cluster)->time() / sum, 1, kRounding);
}

TEST(SimulateNetworks, SixtyFourNodesArePlayed) {
  const Graph graph = *MakeZooNetwork({.name = "resnet8", .width = {4, 1}});
  const Plan plan = *MakePlan(graph, {.nodes = kMaxNodes, .sparsity = 0.9});
  const Simulation simulation = *Simulate(*CutFor(graph, plan), MixedCluster(kMaxNodes));
  EXPECT_EQ(simulation.nodes.size(), static_cast<size_t>(kMaxNodes));
  EXPECT_GT(simulation.total.count(), 0);
}

// The formula's two times bound what is played where it assumes the same: two equal nodes, only
// multiplications and bytes. `serial` lets nothing overlap. `overlap` lets a layer's messages hide
// behind all of the layer, while a node can hide them behind its local part at most.
TEST(SimulateNetworks, TheFormulaBoundsTwoEqualNodes) {
  const Graph graph = *MakeZooNetwork({.name = "resnet50", .width = {1, 2}});
  for (const double sparsity : {0.0, 0.8, 0.95, 0.99}) {
    const Plan plan = *MakePlan(graph, {.nodes = 2, .sparsity = sparsity});
    const Bandwidth link{37.5e6};
    const Estimate estimate = *EstimateCost(*Bind(graph, plan), {.link = link, .compute = {125e9}});
    const Simulation simulation =
        *Simulate(*CutFor(graph, plan), Uniform({.nodes = 2, .link = {link}, .compute = {125e9}}));
    const Milliseconds frames =  // the formula does not know of them
        link.Time(static_cast<double>(estimate.sent.messages * kFrameBytes.value) / 2);
    EXPECT_LE(simulation.total, (estimate.sent.time.serial + frames) * (1 + kRounding)) << sparsity;
    EXPECT_GE(simulation.total * (1 + kRounding), estimate.sent.time.overlap) << sparsity;
    EXPECT_EQ(simulation.nodes[0].sent, estimate.sent.sent[0]);
  }
}

}  // namespace
}  // namespace disco
