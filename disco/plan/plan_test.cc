// SPDX-License-Identifier: Apache-2.0
#include "disco/plan/bound_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "disco/plan/make_plan.h"
#include "disco/plan/sketch_for_test.h"
#include "disco/zoo/zoo.h"

namespace disco {
namespace {

using testing::AllOf;
using testing::HasSubstr;

Graph Residual(int64_t features = 4) {
  Sketch sketch;
  const ValueId a = sketch.Conv("a", sketch.Input({1, 3, 4, 4}), features);
  const ValueId b = sketch.Conv("b", a, features);
  return sketch.Finish({sketch.Op(OpType::kAdd, "add", {a, b})});
}

TEST(Bind, AcceptsWhatWasMadeForTheNetwork) {
  const Graph graph = Residual();
  for (const int nodes : {1, 2, 3, 7}) EXPECT_TRUE(Bind(graph, *MakePlan(graph, {nodes})));
  EXPECT_TRUE(Bind(graph, SingleNodePlan(graph)));
}

struct Spoilt {
  const char* what;  // part of the message
  void (*spoil)(Plan&);
};
void PrintTo(const Spoilt& spoilt, std::ostream* out) { *out << spoilt.what; }
class SpoiltPlans : public testing::TestWithParam<Spoilt> {};

TEST_P(SpoiltPlans, AreRefusedNamingTheOp) {
  const Graph graph = Residual();
  Plan plan = *MakePlan(graph, {.nodes = 2, .sparsity = 0.5});
  GetParam().spoil(plan);
  const auto status = Bind(graph, plan);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kInvalid);
  EXPECT_THAT(status.error().message,
              AllOf(HasSubstr("op 'a'"), HasSubstr(GetParam().what), HasSubstr("make a new plan")));
}

INSTANTIATE_TEST_SUITE_P(
    All, SpoiltPlans,
    testing::Values(
        Spoilt{"does not know it", [](Plan& plan) { plan.values.erase("a"); }},
        Spoilt{"3 features on axis 1, the network 4 on axis 1",
               [](Plan& plan) { plan.values["a"].owner.pop_back(); }},
        Spoilt{"4 features on axis 2", [](Plan& plan) { plan.values["a"].axis = 2; }},
        Spoilt{"no node 2", [](Plan& plan) { plan.values["a"].owner[3] = 2; }},
        Spoilt{"no node -1", [](Plan& plan) { plan.values["a"].owner[0] = -1; }},
        Spoilt{"no list per node", [](Plan& plan) { plan.values["a"].kept.pop_back(); }},
        Spoilt{"does not say which features other nodes read",
               [](Plan& plan) {
                 plan.values["a"].read_foreign = false;
                 plan.values["a"].kept.clear();
               }},
        Spoilt{"feature 4 of node 0", [](Plan& plan) { plan.values["a"].kept[0] = {4}; }},
        Spoilt{"feature -1 of node 0", [](Plan& plan) { plan.values["a"].kept[0] = {-1}; }},
        Spoilt{"feature 2 of node 0", [](Plan& plan) { plan.values["a"].kept[0] = {3, 2}; }},
        Spoilt{"feature 3 of node 0", [](Plan& plan) { plan.values["a"].kept[0] = {3, 3}; }},
        Spoilt{"feature 0 is node 0's own", [](Plan& plan) { plan.values["a"].kept[0] = {0}; }}));

TEST(Bind, TiedFeaturesHaveOneOwner) {
  const Graph graph = Residual();
  Plan plan = *MakePlan(graph, {.nodes = 2, .sparsity = 1});
  plan.values["add"].owner[0] = 1;
  const auto status = Bind(graph, plan);
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message,
              AllOf(HasSubstr("op 'add'"), HasSubstr("feature 0 is tied to one of another node")));
}

TEST(Bind, FeaturesThatNoOtherNodeReadsAreNotKept) {
  const Graph graph = Residual();
  Plan plan = *MakePlan(graph, {.nodes = 2});
  plan.values["add"].read_foreign = true;
  plan.values["add"].kept = {{2}, {}};
  const auto status = Bind(graph, plan);
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message,
              AllOf(HasSubstr("op 'add'"), HasSubstr("features that no other node reads")));
}

TEST(Bind, AValueThatTheNetworkDoesNotHaveIsRefused) {
  const Graph graph = Residual();
  Plan plan = *MakePlan(graph, {.nodes = 2});
  plan.values["elsewhere"] = {.owner = {0, 1}};
  const auto status = Bind(graph, plan);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kInvalid);
  EXPECT_THAT(status.error().message,
              AllOf(HasSubstr("value 'elsewhere'"), HasSubstr("make a new plan")));
}

// Every value of the smaller network is in the larger one too, of the same shape.
TEST(Bind, APlanOfALargerNetworkIsRefused) {
  const Graph small = *MakeZooNetwork({.name = "resnet8"});
  const Plan plan = *MakePlan(*MakeZooNetwork({.name = "resnet20"}), {.nodes = 2, .sparsity = 0.5});
  const auto status = Bind(small, plan);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kInvalid);
  EXPECT_THAT(status.error().message, HasSubstr("make a new plan"));
}

TEST(Bind, AValueThatCannotBeSplitIsRefused) {
  const Graph graph = Residual();
  Plan plan = *MakePlan(graph, {.nodes = 2});
  plan.values["input"] = {.owner = {0, 1, 1}};
  const auto status = Bind(graph, plan);
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message, HasSubstr("value 'input'"));
}

TEST(Bind, ACountOfNodesOutOfRangeIsRefused) {
  const Graph graph = Residual();
  for (const int nodes : {0, -1, 65, 1 << 30}) {
    Plan plan = SingleNodePlan(graph);
    plan.nodes = nodes;
    EXPECT_FALSE(Bind(graph, plan)) << nodes;
  }
}

TEST(PlanHash, ChangesWithAllThatThePlanSaysButTheMethodsName) {
  const Graph graph = Residual();
  const Plan plan = *MakePlan(graph, {.nodes = 2, .sparsity = 0.5});
  const auto changed = [&plan](auto&& change) {
    Plan other = plan;
    change(other);
    return Hash(other) != Hash(plan);
  };
  EXPECT_TRUE(changed([](Plan& other) { other.nodes = 3; }));
  EXPECT_TRUE(changed([](Plan& other) { other.values["a"].axis = 2; }));
  EXPECT_TRUE(changed([](Plan& other) { other.values["a"].owner[0] = 1; }));
  EXPECT_TRUE(changed([](Plan& other) { other.values["a"].kept[0].pop_back(); }));
  EXPECT_TRUE(changed([](Plan& other) { std::swap(other.values["a"], other.values["b"]); }));
  EXPECT_TRUE(changed([](Plan& other) { other.shares = {0.4, 0.6}; }));
  EXPECT_TRUE(changed([](Plan& other) { other.sparsity = 0.25; }));
  EXPECT_TRUE(changed([](Plan& other) { other.image_sparsity = 0.25; }));
  EXPECT_TRUE(changed([](Plan& other) { other.values["a"].sparsity = 0.25; }));
  EXPECT_TRUE(changed([](Plan& other) { other.values["a"].with_next = true; }));
  EXPECT_FALSE(changed([](Plan& other) { other.method = "random"; }));
}

}  // namespace
}  // namespace disco
