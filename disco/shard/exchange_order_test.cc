// SPDX-License-Identifier: Apache-2.0
// That shards in this order compute what the network computes is tests/nodes_equal_one_test.cc.
#include "disco/shard/exchange_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "disco/op/validate.h"
#include "disco/plan/make_plan.h"
#include "disco/plan/sketch_for_test.h"
#include "disco/shard/cut.h"

namespace disco {
namespace {

using testing::ElementsAre;

std::vector<std::string> Order(const Graph& graph) {
  std::vector<std::string> names;
  for (const Op& op : graph.ops) names.push_back(op.name);
  return names;
}

std::vector<std::string> Ordered(Graph graph, const Plan& plan) {
  OrderByExchange(graph, plan);
  EXPECT_TRUE(Validate(graph));
  return Order(graph);
}

// A block of four branches as in Inception, written one branch after the other. Sent are `in`,
// both `squeeze`s and `out`.
Graph Branches() {
  Sketch sketch;
  const ValueId in = sketch.Conv("in", sketch.Input({1, 3, 6, 6}), 4);
  const ValueId point = sketch.Relu("point.relu", sketch.Conv("point", in, 4));
  const ValueId three = sketch.Conv("three", sketch.Conv("three.squeeze", in, 4), 4, {.kernel = 3});
  const ValueId five = sketch.Conv(
      "five", sketch.Relu("five.relu", sketch.Conv("five.squeeze", in, 4)), 4, {.kernel = 5});
  const ValueId pooled = sketch.Op(
      OpType::kMaxPool, "pool", {in},
      PoolParams{{.kernel = {3, 3}, .strides = {1, 1}, .pads_begin = {1, 1}, .pads_end = {1, 1}}});
  const ValueId projected = sketch.Conv("projected", pooled, 4);
  const ValueId joined =
      sketch.Op(OpType::kConcat, "joined", {point, three, five, projected}, AxisParams{1});
  return sketch.Finish({sketch.Conv("out", joined, 4)});
}

TEST(ExchangeOrder, WhatIsSentComesFirstAndWhatWaitsLast) {
  const Graph graph = Branches();
  const Plan plan = *MakePlan(graph, {.nodes = 2, .sparsity = 0.5});
  EXPECT_THAT(Ordered(graph, plan),
              ElementsAre("in", "pool",                                  // sent: both
                          "three.squeeze", "five.squeeze", "five.relu",  // sent: both
                          "point", "point.relu", "projected",            // meanwhile
                          "three", "five", "joined",                     // sent: joined
                          "out"));
}

TEST(ExchangeOrder, OfAnOpThatReadsSeveralValuesTheLatestCounts) {
  Sketch sketch;
  const ValueId a = sketch.Conv("a", sketch.Input({1, 3, 6, 6}), 4);
  const ValueId b = sketch.Conv("b", a, 4);
  const ValueId shortcut = sketch.Conv("shortcut", a, 4);
  const ValueId c = sketch.Conv("c", b, 4);
  const Graph graph = sketch.Finish(
      {sketch.Op(OpType::kAdd, "sum", {sketch.Op(OpType::kAdd, "local", {a, shortcut}), c})});
  const Plan plan = *MakePlan(graph, {.nodes = 2, .sparsity = 0.5});
  EXPECT_THAT(Ordered(graph, plan), ElementsAre("a", "b", "shortcut", "local", "c", "sum"));
}

TEST(ExchangeOrder, WhereNothingIsSentItStays) {
  const Graph graph = Branches();
  EXPECT_EQ(Ordered(graph, SingleNodePlan(graph)), Order(graph));
  const Plan branches = *MakePlan(graph, {.nodes = 2, .method = {Method::kBranches, ""}});
  EXPECT_EQ(Ordered(graph, branches), Order(graph));
}

TEST(ExchangeOrder, WhatEveryReaderHasPrunedIsNoExchange) {
  const Graph graph = Branches();
  Plan plan = *MakePlan(graph, {.nodes = 2, .sparsity = 0.5});
  for (const char* squeeze : {"three.squeeze", "five.relu"}) plan.values[squeeze].kept = {{}, {}};
  EXPECT_THAT(Ordered(graph, plan),
              ElementsAre("in", "pool", "point", "point.relu", "three.squeeze", "three",
                          "five.squeeze", "five.relu", "five", "projected", "joined", "out"));
}

TEST(ExchangeOrder, ANodeSendsWhatItCanBeforeItWaits) {
  const Graph graph = Branches();
  const auto cut = CutNetwork(graph, *MakePlan(graph, {.nodes = 2, .sparsity = 0.5}));
  ASSERT_TRUE(cut) << cut.error().message;
  for (const Graph& shard : cut->shards) {
    std::string travels;
    for (const Op& op : shard.ops) {
      if (op.type == OpType::kSend) travels += 's';
      if (op.type == OpType::kReceive) travels += 'r';
    }
    // Sent: in, pool. Received: in. Sent: both squeezes. Received: pool, both squeezes...
    EXPECT_EQ(travels, "ssrssrrrsr") << shard.name;
  }
}

}  // namespace
}  // namespace disco
