// SPDX-License-Identifier: Apache-2.0
#include "disco/plan/make_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "disco/plan/assignment.h"
#include "disco/plan/mask.h"
#include "disco/plan/sketch_for_test.h"
#include "disco/plan/traffic.h"
#include "disco/zoo/zoo.h"

namespace disco {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Four layers in a row, on 8 features each.
Graph Chain() {
  Sketch sketch;
  ValueId x = sketch.Input({1, 3, 4, 4});
  for (const char* name : {"one.a", "one.b", "two.a", "two.b"}) x = sketch.Conv(name, x, 8);
  return sketch.Finish({x});
}

std::vector<size_t> KeptCounts(const Plan& plan, const std::string& value) {
  std::vector<size_t> counts;
  for (const auto& kept : plan.Find(value)->kept) counts.push_back(kept.size());
  return counts;
}

Plan Make(const Graph& graph, std::string_view method, double sparsity = 0.5, int nodes = 2) {
  const auto plan =
      MakePlan(graph, {.nodes = nodes, .method = *ParseMethod(method), .sparsity = sparsity});
  EXPECT_TRUE(plan) << plan.error().message;
  return *plan;
}

TEST(Method, IsReadAsItIsWritten) {
  for (const char* text : {"dense", "disco", "random", "branches", "dense-then-split=layer3",
                           "split-then-aggregate=layer2.0"}) {
    const auto method = ParseMethod(text);
    ASSERT_TRUE(method) << text;
    EXPECT_EQ(ToString(*method), text);
  }
  for (const char* text : {"", "Dense", "disco=x", "dense-then-split", "dense-then-split=", "="}) {
    const auto method = ParseMethod(text);
    ASSERT_FALSE(method) << text;
    EXPECT_EQ(method.error().kind, ErrorKind::kUsage);
    EXPECT_THAT(method.error().message, HasSubstr("known are dense, disco"));
  }
}

TEST(MakePlan, DenseKeepsEverythingWhateverTheSparsity) {
  const Plan plan = Make(Chain(), "dense", 0.9);
  EXPECT_THAT(KeptCounts(plan, "one.a"), ElementsAre(4, 4));
  EXPECT_EQ(plan.sparsity, 0);
}

TEST(MakePlan, DiscoKeepsTheShare) {
  const Plan plan = Make(Chain(), "disco", 0.7);
  EXPECT_THAT(KeptCounts(plan, "one.b"), ElementsAre(2, 2));
  EXPECT_EQ(plan.Find("one.b")->sparsity, 0.7);
  EXPECT_FALSE(plan.Find("two.b")->read_foreign) << "nobody reads the last value";
}

TEST(MakePlan, RandomKeepsAsManyByLot) {
  const Graph graph = Chain();
  PlanOptions options{.nodes = 2, .method = {Method::kRandom, ""}, .sparsity = 0.5, .seed = 1};
  const Plan plan = *MakePlan(graph, options), again = *MakePlan(graph, options);
  EXPECT_THAT(KeptCounts(plan, "one.a"), ElementsAre(2, 2));
  EXPECT_EQ(Hash(plan), Hash(again));
  options.seed = 2;
  EXPECT_NE(Hash(plan), Hash(*MakePlan(graph, options)));
}

TEST(MakePlan, BranchesSendNothing) {
  for (const char* name : {"resnet8", "resnet50"}) {
    const Graph graph = *MakeZooNetwork({.name = name});
    EXPECT_THAT(Bind(graph, Make(graph, "branches", 0.5, 4))->traffic(), IsEmpty());
  }
}

TEST(MakePlan, OneNodeSendsNothing) {
  const Graph graph = Chain();
  const Plan plan = Make(graph, "dense", 0, 1);
  EXPECT_THAT(Bind(graph, plan)->traffic(), IsEmpty());
  EXPECT_EQ(Hash(plan), Hash(SingleNodePlan(graph)));
}

// What stands in a plan is what was done, whatever sparsity was asked for.
TEST(MakePlan, TheNominalSparsityIsTheOneApplied) {
  const Graph graph = Chain();  // other nodes may read one.a, one.b and two.a
  EXPECT_EQ(Make(graph, "disco", 0.7).sparsity, 0.7);
  EXPECT_EQ(Make(graph, "random", 0.7).sparsity, 0.7);
  EXPECT_EQ(Make(graph, "branches", 0.7).sparsity, 1);
  EXPECT_DOUBLE_EQ(Make(graph, "dense-then-split=two", 0.7).sparsity, 2.0 / 3);
  EXPECT_DOUBLE_EQ(Make(graph, "split-then-aggregate=one", 0.7).sparsity, 1.0 / 3);
  for (const char* method : {"dense-then-split=two", "split-then-aggregate=one"})
    EXPECT_EQ(Make(graph, method, 0.7).image_sparsity, 0) << method;
}

TEST(MakePlan, OnOneNodeNothingIsSparse) {
  for (const char* method : {"disco", "random", "branches", "dense-then-split=two"}) {
    const Plan plan = Make(Chain(), method, 0.7, 1);
    EXPECT_EQ(plan.sparsity, 0) << method;
    EXPECT_EQ(plan.image_sparsity, 0) << method;
  }
}

TEST(MakePlan, DenseThenSplit) {
  const Plan plan = Make(Chain(), "dense-then-split=two");
  EXPECT_THAT(KeptCounts(plan, "one.a"), ElementsAre(4, 4));  // read by one.b
  EXPECT_THAT(KeptCounts(plan, "one.b"), ElementsAre(0, 0));  // read by two.a
  EXPECT_THAT(KeptCounts(plan, "two.a"), ElementsAre(0, 0));
}

TEST(MakePlan, SplitThenAggregate) {
  const Plan plan = Make(Chain(), "split-then-aggregate=one");
  EXPECT_THAT(KeptCounts(plan, "one.a"), ElementsAre(0, 0));
  EXPECT_THAT(KeptCounts(plan, "one.b"), ElementsAre(4, 4));
  EXPECT_THAT(KeptCounts(plan, "two.a"), ElementsAre(4, 4));
}

TEST(MakePlan, AnUnknownStageIsNamed) {
  const auto plan = MakePlan(Chain(), {.nodes = 2, .method = {Method::kDenseThenSplit, "layer9"}});
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().kind, ErrorKind::kUsage);
  EXPECT_THAT(plan.error().message, HasSubstr("'layer9'"));
}

TEST(MakePlan, WhatIsGatheredAnywayStaysDense) {
  Sketch sketch;
  const ValueId a = sketch.Conv("a", sketch.Input({1, 3, 4, 4}), 8);
  const ValueId lrn = sketch.Op(OpType::kLrn, "lrn", {a}, LrnParams{.size = 3});
  const Graph graph = sketch.Finish({lrn, sketch.Conv("b", a, 4)});
  EXPECT_THAT(KeptCounts(Make(graph, "disco", 0.9), "a"), ElementsAre(4, 4));
}

TEST(MakePlan, OptionsOutOfRangeAreUsageErrors) {
  const Graph graph = Chain();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const PlanOptions& options :
       {PlanOptions{.nodes = 0}, PlanOptions{.nodes = -3}, PlanOptions{.nodes = 65},
        PlanOptions{.sparsity = -0.1}, PlanOptions{.sparsity = 1.1}, PlanOptions{.sparsity = nan},
        PlanOptions{.shares = {1}}, PlanOptions{.shares = {0.3, 0.3, 0.4}},
        PlanOptions{.shares = {nan, 1}}, PlanOptions{.shares = {-1, 2}},
        PlanOptions{.shares = {1e-30, 1}}, PlanOptions{.shares = {0.5, 0.4}}}) {
    const auto plan = MakePlan(graph, options);
    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.error().kind, ErrorKind::kUsage) << plan.error().message;
  }
}

// What is made can be read again.
TEST(MakePlan, WhatAPlanFileCannotHoldIsRefused) {
  const auto shares = MakePlan(Chain(), {.nodes = 2, .shares = *ParseShares("1e-30,1", 2)});
  ASSERT_FALSE(shares);
  EXPECT_THAT(shares.error().message, HasSubstr("share of node 0 is 1e-30"));
  constexpr int64_t kPlaces = kMostFeatures / 15;
  Sketch sketch;
  const ValueId a = sketch.Conv("a", sketch.Input({1, 1, 1, kPlaces}), 15);
  const ValueId flat = sketch.Op(OpType::kFlatten, "flat", {a}, AxisParams{1});
  const auto size = MakePlan(sketch.Finish({flat}), {.nodes = 2});
  ASSERT_FALSE(size);
  EXPECT_EQ(size.error().kind, ErrorKind::kUnsupported);
  EXPECT_THAT(size.error().message, HasSubstr("value 'flat'"));
}

TEST(PruneFurther, NeverBringsAFeatureBack) {
  Graph graph = *MakeZooNetwork({.name = "resnet8"});
  PlanOptions options{.nodes = 5, .sparsity = 0.3};
  Plan plan = *MakePlan(graph, options);
  Random random(3);
  for (const double sparsity : {0.5, 0.5, 0.8, 1.0}) {
    for (Value& value : graph.values) {  // the weights move on between prunings
      if (!value.constant || value.dtype != DType::kF32) continue;
      for (float& weight : value.constant->MutableData<float>())
        weight += static_cast<float>(random.Normal());
    }
    options.sparsity = sparsity;
    const auto next = PruneFurther(*Bind(graph, plan), options);
    ASSERT_TRUE(next) << next.error().message;
    for (const auto& [name, value] : next->values) {
      const auto& before = plan.Find(name)->kept;
      ASSERT_EQ(value.kept.size(), before.size());
      for (size_t to = 0; to < before.size(); ++to) {
        EXPECT_TRUE(std::ranges::includes(before[to], value.kept[to])) << name << " to " << to;
      }
    }
    EXPECT_TRUE(Bind(graph, *next));
    plan = *next;
  }
  EXPECT_THAT(Bind(graph, plan)->traffic(), IsEmpty());
}

TEST(PruneFurther, APlanForAnotherNetworkOrNumberOfNodesIsRefused) {
  const Graph graph = Chain(), other = *MakeZooNetwork({.name = "resnet8"});
  const Plan plan = Make(graph, "disco");
  EXPECT_FALSE(Bind(other, plan));
  const auto more = PruneFurther(*Bind(graph, plan), {.nodes = 3, .sparsity = 0.9});
  ASSERT_FALSE(more);
  EXPECT_THAT(more.error().message, HasSubstr("2 nodes"));
}

}  // namespace
}  // namespace disco
