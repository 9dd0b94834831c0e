// SPDX-License-Identifier: Apache-2.0
// That shards in this order compute what the network computes is tests/nodes_equal_one_test.cc.
#include "disco/plan/exchange_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "disco/op/validate.h"
#include "disco/plan/branches_for_test.h"
#include "disco/plan/make_plan.h"

namespace disco {
namespace {

using testing::ElementsAre;

std::vector<std::string> Order(const Graph& graph) {
  std::vector<std::string> names;
  for (const Op& op : graph.ops) names.push_back(op.name);
  return names;
}

std::vector<std::string> Ordered(const Graph& graph, const Plan& plan) {
  const auto bound = Bind(graph, plan);
  EXPECT_TRUE(bound) << bound.error().message;
  if (!bound) return {};
  Graph ordered = graph;
  ordered.ops.clear();
  for (const OpId op : bound->order()) ordered.ops.push_back(graph.op(op));
  EXPECT_TRUE(Validate(ordered));
  return Order(ordered);
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

}  // namespace
}  // namespace disco
