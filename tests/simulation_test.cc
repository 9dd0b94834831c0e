// SPDX-License-Identifier: Apache-2.0
// What is played is what happens: on random networks, the messages of a simulation are those that
// nodes send.
#include <gtest/gtest.h>

#include "disco/cost/one_node.h"
#include "disco/cost/simulate.h"
#include "disco/node/loopback_nodes.h"
#include "disco/node/session.h"
#include "disco/plan/make_plan.h"
#include "disco/shard/cut_for_test.h"
#include "disco/tensor/memory.h"
#include "disco/transport/frame.h"
#include "disco/zoo/zoo.h"
#include "tests/random_network.h"

namespace disco {
namespace {

class PlayedNetworks : public testing::TestWithParam<uint64_t> {};

TEST_P(PlayedNetworks, SendTheBytesThatNodesSend) {
  RandomNetwork network(GetParam());
  const Graph graph = network.Make();
  const auto inputs = network.MakeInputs(graph);
  Random random(GetParam(), 2);
  const int nodes = static_cast<int>(1 + random.Below(6));
  const auto plan = MakePlan(graph, {.nodes = nodes, .sparsity = random.Uniform()});
  ASSERT_TRUE(plan) << plan.error().message;
  const auto cut = CutFor(graph, *plan);
  ASSERT_TRUE(cut) << cut.error().message;
  const Cluster cluster = Uniform({.nodes = nodes,
                                   .link = {{1e6 * random.Uniform(1, 50)}, Milliseconds(0.1)},
                                   .compute = {1e9}});
  const auto simulation = Simulate(*cut, cluster);
  ASSERT_TRUE(simulation) << simulation.error().message;
  const auto session = Session::OpenLocal(graph, *plan, {.deadline = Milliseconds(60000)});
  ASSERT_TRUE(session) << session.error().message;
  ASSERT_TRUE((*session)->Infer(inputs));
  for (size_t node = 0; node < simulation->nodes.size(); ++node) {
    EXPECT_EQ(simulation->nodes[node].sent, (*session)->statistics()[node].sent);
    EXPECT_EQ(simulation->nodes[node].received, (*session)->statistics()[node].received);
    EXPECT_LE(simulation->nodes[node].compute, simulation->total);
  }
  ASSERT_FALSE(simulation->critical_path.empty());
  EXPECT_EQ(simulation->timeline[simulation->critical_path.front()].start.count(), 0);
  EXPECT_EQ(simulation->timeline[simulation->critical_path.back()].end, simulation->total);
}

INSTANTIATE_TEST_SUITE_P(Seeds, PlayedNetworks, testing::Range<uint64_t>(0, 40));

TEST(PlayedMemory, IsEnoughForANodeAndNotTwiceTheMemoryItTakes) {
  if (IsMemoryGuarded()) GTEST_SKIP() << "with guard pages each buffer is mapped by itself";
  for (const char* name : {"resnet8", "resnet18"}) {
    const Graph graph = *MakeZooNetwork({.name = name});
    const Plan plan = *MakePlan(graph, {.nodes = 1});
    const Bytes memory = MemoryOf(CutFor(graph, plan)->shards[0]);
    for (const int64_t parts : {1, 2}) {
      const auto nodes = LoopbackNodes::Start({{.memory = {memory.value / parts}}});
      ASSERT_TRUE(nodes) << nodes.error().message;
      const auto session = Session::Connect(graph, plan, (*nodes)->endpoints(), {});
      EXPECT_EQ(session.has_value(), parts == 1) << name << ", 1 / " << parts;
      if (session) continue;
      EXPECT_NE(session.error().message.find("0 B are taken by others"), std::string::npos)
          << session.error().message;
    }
  }
}

TEST(PlayedFrames, AreAsLongAsThoseOnTheWire) {
  EXPECT_EQ(kFrameBytes.value, static_cast<int64_t>(kFrameSize));
}

}  // namespace
}  // namespace disco
