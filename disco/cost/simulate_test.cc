// SPDX-License-Identifier: Apache-2.0
// Small cases, worked out by hand.
#include "disco/cost/simulate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "disco/cost/play_for_test.h"

namespace disco {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> PathOf(const Simulation& simulation) {
  std::vector<std::string> names;
  for (const size_t event : simulation.critical_path) {
    const SimulatedEvent& step = simulation.timeline[event];
    names.push_back(fmt::format("{} {}", Name(step.kind), step.name));
  }
  return names;
}

// Node 0 makes a and sends it; node 1 makes b of its own and c of both.
Play OneMessage(int64_t b) {
  Play play(2);
  play.Compute(0, "a", 10).Send(0, 1, PayloadOf(100));
  play.Compute(1, "b", b).Receive(1, {0}).Compute(1, "c", 5);
  return play;
}

TEST(Simulate, AMessageTakesItsTimeAndItsReceiverWaits) {
  const Simulation simulation = OneMessage(30).On(SlowCluster(2, Milliseconds(7)));
  EXPECT_DOUBLE_EQ(simulation.total.count(), 10 + 100 + 7 + 5);
  EXPECT_DOUBLE_EQ(simulation.nodes[0].end.count(), 10) << "a Send never waits";
  EXPECT_DOUBLE_EQ(simulation.nodes[1].wait.count(), 117 - 30);
  EXPECT_DOUBLE_EQ(simulation.nodes[1].compute.count(), 35);
  EXPECT_EQ(simulation.nodes[0].sent, PayloadOf(100));
  EXPECT_EQ(simulation.nodes[1].received, PayloadOf(100));
  EXPECT_THAT(PathOf(simulation),
              ElementsAre("compute a", "link send0", "latency send0", "compute c"));
}

TEST(Simulate, LinksAreCountedAndTheSlowestNamed) {
  Play play(3);
  play.Compute(0, "a", 10).Send(0, 1, PayloadOf(100)).Send(0, 2, PayloadOf(60));
  play.Receive(1, {0}).Receive(2, {1});
  const Simulation simulation = play.On(SlowCluster(3));
  ASSERT_EQ(simulation.links.size(), 2u);
  const LinkUse& first = simulation.links[0];
  EXPECT_EQ(first.to, 1);
  EXPECT_EQ(first.messages, 1);
  EXPECT_EQ(first.bytes, PayloadOf(100)) << "without the frame";
  EXPECT_DOUBLE_EQ(first.busy.count(), 100) << "with the frame";
  EXPECT_DOUBLE_EQ(first.waited.count(), 110);
  EXPECT_DOUBLE_EQ(first.utilisation, 100.0 / 110);
  EXPECT_EQ(simulation.slowest_link, 0u);
}

TEST(Simulate, WhatTravelsWhileTheReceiverComputesCostsNothing) {
  const Simulation simulation = OneMessage(200).On(SlowCluster(2, Milliseconds(7)));
  EXPECT_DOUBLE_EQ(simulation.total.count(), 205);
  EXPECT_EQ(simulation.nodes[1].wait.count(), 0);
  EXPECT_THAT(PathOf(simulation), ElementsAre("compute b", "compute c"));
}

TEST(Simulate, ALinkCarriesMessagesOneAtATimeInOrder) {
  Play play(2);
  play.Compute(0, "a", 10).Send(0, 1, PayloadOf(100)).Send(0, 1, PayloadOf(50));
  play.Receive(1, {0}).Compute(1, "b", 1).Receive(1, {1}).Compute(1, "c", 1);
  const Simulation simulation = play.On(SlowCluster(2, Milliseconds(7)));
  EXPECT_DOUBLE_EQ(simulation.total.count(), 10 + 100 + 50 + 7 + 1)
      << "latency is paid side by side";
  EXPECT_THAT(PathOf(simulation),
              ElementsAre("compute a", "link send0", "link send1", "latency send1", "compute c"));
}

TEST(Simulate, WhatLeavesWithTheNextPaysNoOverheadAndComesLater) {
  const auto play = [](bool with_next) {
    Play drawn(2);
    drawn.Compute(0, "a", 10).Send(0, 1, PayloadOf(100), with_next);
    drawn.Compute(0, "b", 20).Send(0, 1, PayloadOf(50));
    drawn.Receive(1, {0}).Receive(1, {1});
    Cluster cluster = SlowCluster(2);
    cluster.nodes[0].speed.send.overhead = Milliseconds(4);
    return drawn.On(cluster);
  };
  const Simulation apart = play(false), together = play(true);
  EXPECT_DOUBLE_EQ(apart.messages[0].packed.count(), 10 + 4);
  EXPECT_DOUBLE_EQ(apart.messages[0].arrived.count(), 14 + 100);
  EXPECT_DOUBLE_EQ(apart.nodes[0].end.count(), 10 + 4 + 20 + 4);
  EXPECT_DOUBLE_EQ(together.messages[0].packed.count(), 10);
  EXPECT_DOUBLE_EQ(together.messages[0].wanted.count(), 0);
  EXPECT_DOUBLE_EQ(together.messages[0].arrived.count(), 10 + 20 + 4 + 100);
  EXPECT_DOUBLE_EQ(together.messages[1].arrived.count(), 134 + 50);
  EXPECT_DOUBLE_EQ(together.nodes[0].end.count(), 10 + 20 + 4);
  EXPECT_EQ(together.links[0].messages, 2);
}

TEST(Simulate, TheTwoDirectionsOfALinkDoNotDisturbEachOther) {
  Play play(2);
  play.Compute(0, "a", 10).Send(0, 1, PayloadOf(100));
  play.Compute(1, "b", 10).Send(1, 0, PayloadOf(100));
  play.Receive(0, {1}).Receive(1, {0});
  EXPECT_DOUBLE_EQ(play.On(SlowCluster(2)).total.count(), 110);
}

TEST(Simulate, PairsHaveLinksOfTheirOwnUnlessTheyShareAnInterface) {
  Play play(3);
  play.Compute(0, "a", 10).Send(0, 1, PayloadOf(100)).Send(0, 2, PayloadOf(100));
  play.Receive(1, {0}).Receive(2, {1});
  Cluster cluster = SlowCluster(3);
  EXPECT_DOUBLE_EQ(play.On(cluster).total.count(), 110);
  cluster.shared_interface = true;
  EXPECT_DOUBLE_EQ(play.On(cluster).total.count(), 210);
}

TEST(Simulate, AnotherLinkMayBeGivenForOneDirection) {
  Cluster cluster = SlowCluster(2);
  cluster.others[{1, 0}] = {{1}, Milliseconds(0)};
  EXPECT_DOUBLE_EQ(OneMessage(30).On(cluster).total.count(), 115);
  cluster.others[{0, 1}] = {{500}, Milliseconds(1)};
  EXPECT_DOUBLE_EQ(OneMessage(30).On(cluster).total.count(), 10 + 200 + 1 + 5);
}

TEST(Simulate, PackingTakesTheProcessorOnBothSides) {
  Cluster cluster = SlowCluster(2);
  cluster.nodes[0].speed.send = {Milliseconds(3), {26'000}};     // 52 bytes: 2 ms
  cluster.nodes[1].speed.receive = {Milliseconds(4), {13'000}};  // 4 ms
  const Simulation simulation = OneMessage(30).On(cluster);
  EXPECT_DOUBLE_EQ(simulation.total.count(), 10 + 5 + 100 + 8 + 5);
  EXPECT_DOUBLE_EQ(simulation.nodes[0].pack.count(), 5);
  EXPECT_DOUBLE_EQ(simulation.nodes[1].pack.count(), 8);
  EXPECT_THAT(PathOf(simulation), ElementsAre("compute a", "send send0", "link send0",
                                              "receive receive0", "compute c"));
}

TEST(Simulate, EachMessageIsUnpackedBeforeTheNextIsWaitedFor) {
  Play play(3);
  play.Compute(0, "a", 10).Send(0, 2, PayloadOf(100));
  play.Compute(1, "b", 25).Send(1, 2, PayloadOf(100));
  play.Receive(2, {0, 1});
  Cluster cluster = SlowCluster(3);
  cluster.nodes[2].speed.receive.overhead = Milliseconds(9);
  const Simulation simulation = play.On(cluster);
  EXPECT_DOUBLE_EQ(simulation.total.count(), 125 + 9);
  EXPECT_DOUBLE_EQ(simulation.nodes[2].wait.count(), 110 + 125 - 119);
}

TEST(Simulate, OwnFeaturesAreCopiedBeforeTheWait) {
  Play play(2);
  play.Compute(0, "a", 10).Send(0, 1, PayloadOf(100));
  play.Compute(1, "b", 30).Receive(1, {0}, true);
  Cluster cluster = SlowCluster(2);
  cluster.nodes[1].speed.of(OpKind::kMove) = {.overhead = Milliseconds(1), .activations = {24'000}};
  Simulation simulation = play.On(cluster);  // 30 floats, read and written: 10 ms
  EXPECT_DOUBLE_EQ(simulation.total.count(), 110) << "hidden by the wait";
  EXPECT_DOUBLE_EQ(simulation.nodes[1].pack.count(), 11);
  EXPECT_DOUBLE_EQ(simulation.nodes[1].wait.count(), 110 - 41);
  cluster.nodes[1].speed.of(OpKind::kMove).overhead = Milliseconds(100);
  EXPECT_DOUBLE_EQ(play.On(cluster).total.count(), 30 + 110);
}

TEST(Simulate, NodesMayWaitForOneAnotherInTurn) {
  Play play(2);
  play.Compute(0, "a", 10).Send(0, 1, PayloadOf(100));
  play.Receive(1, {0}).Compute(1, "b", 10).Send(1, 0, PayloadOf(100));
  play.Receive(0, {1}).Compute(0, "c", 10).Send(0, 1, PayloadOf(100));
  play.Receive(1, {2}).Compute(1, "d", 10);
  EXPECT_DOUBLE_EQ(play.On(SlowCluster(2)).total.count(), 340);
}

TEST(Simulate, UnevenNodesTakeTheirOwnTime) {
  Cluster cluster = SlowCluster(2);
  cluster.nodes[0].speed.of(OpKind::kPoint).rate = {500};
  EXPECT_DOUBLE_EQ(OneMessage(30).On(cluster).total.count(), 20 + 100 + 5);
}

TEST(Simulate, AClusterThatIsTooSmallIsAnError) {
  const auto simulation = Simulate(OneMessage(30).cut(), SlowCluster(1));
  ASSERT_FALSE(simulation);
  EXPECT_THAT(simulation.error().message, HasSubstr("for 2 nodes, the cluster has 1"));
}

TEST(Simulate, AReceiveThatNobodySendsToIsNamed) {
  Cut cut = OneMessage(30).cut();
  cut.shards[0].ops.pop_back();
  const auto simulation = Simulate(cut, SlowCluster(2));
  ASSERT_FALSE(simulation);
  EXPECT_THAT(simulation.error().message, HasSubstr("receive0"));
  EXPECT_THAT(simulation.error().message, HasSubstr("node 1"));
}

TEST(Simulate, AnEndlessAnswerIsAnError) {
  Cluster cluster = SlowCluster(2);
  cluster.link.bandwidth = {1e-308};
  const auto simulation = Simulate(OneMessage(30).cut(), cluster);
  ASSERT_FALSE(simulation);
  EXPECT_THAT(simulation.error().message, HasSubstr("faster links"));
}

TEST(SimulatedTimeline, HasARowForEachProcessorAndLink) {
  const Cluster cluster = SlowCluster(2, Milliseconds(7));
  const auto events = TimelineOf(OneMessage(30).On(cluster), cluster);
  std::vector<std::string> rows;
  for (const TimelineEvent& event : events)
    rows.push_back(fmt::format("{}/{}: {} {} {}-{}", event.group, event.track, event.category,
                               event.name, event.start.count(), event.end.count()));
  EXPECT_THAT(rows, ElementsAre("node 0 (node-0)/compute: compute a 0-10",
                                "node 0 (node-0)/link to node 1: link send0 10-110",
                                "node 1 (node-1)/compute: compute b 0-30",
                                "node 1 (node-1)/compute: wait receive0 30-117",
                                "node 1 (node-1)/compute: compute c 117-122"));
}

}  // namespace
}  // namespace disco
