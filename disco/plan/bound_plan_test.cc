// SPDX-License-Identifier: Apache-2.0
// What a plan is refused for is in plan_test.cc, order in exchange_order_test.cc, traffic in
// traffic_test.cc.
#include "disco/plan/bound_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "disco/plan/make_plan.h"
#include "disco/plan/sketch_for_test.h"
#include "disco/zoo/zoo.h"

namespace disco {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAreArray;

Graph Network() { return *MakeZooNetwork({.name = "resnet8"}); }

TEST(BoundPlan, EachValueHasThePartOfItsName) {
  const Graph graph = Network();
  const BoundPlan bound = *Bind(graph, *MakePlan(graph, {.nodes = 3, .sparsity = 0.5}));
  for (size_t value = 0; value < graph.values.size(); ++value) {
    EXPECT_EQ(bound.part(static_cast<ValueId>(value)), bound.plan().Find(graph.values[value].name));
  }
  EXPECT_EQ(bound.part(kNoValue), nullptr);
}

TEST(BoundPlan, ACopyOutlivesWhatItWasMadeOf) {
  std::optional<BoundPlan> bound;
  {
    const Graph graph = Network();
    const BoundPlan first = *Bind(graph, *MakePlan(graph, {.nodes = 2, .sparsity = 0.5}));
    bound = first;
  }
  const ValueId sent = bound->traffic().at(0).value;
  EXPECT_EQ(bound->part(sent), bound->plan().Find(bound->graph().value(sent).name));
}

TEST(BoundPlan, ForNodesHasNoNormalizationAndTheSameTrafficAndPlan) {
  const Graph graph = Network();
  const BoundPlan bound = *Bind(graph, *MakePlan(graph, {.nodes = 3, .sparsity = 0.5}));
  const BoundPlan for_nodes = *bound.ForNodes();
  EXPECT_LT(for_nodes.graph().ops.size(), graph.ops.size());
  for (const Op& op : for_nodes.graph().ops) EXPECT_NE(op.type, OpType::kBatchNormalization);
  EXPECT_EQ(Hash(for_nodes.plan()), Hash(bound.plan()));
  const auto names = [](const BoundPlan& of) {
    std::vector<std::string> sent;
    for (const Transfer& transfer : of.traffic())
      sent.push_back(fmt::format("{} {} {} {}", of.graph().value(transfer.value).name,
                                 transfer.from, transfer.to, transfer.size.value));
    return sent;
  };
  EXPECT_THAT(names(for_nodes), UnorderedElementsAreArray(names(bound)));
}

TEST(BoundPlan, WithAnotherPlanIsWhatBindMakesOfIt) {
  const Graph graph = Network();
  const Plan sparse = *MakePlan(graph, {.nodes = 3, .sparsity = 0.9});
  const BoundPlan whole = *Bind(graph, SingleNodePlan(graph)), anew = *Bind(graph, sparse);
  const auto with = whole.With(sparse);
  ASSERT_TRUE(with) << with.error().message;
  EXPECT_EQ(with->order(), anew.order());
  EXPECT_EQ(TotalBytes(with->traffic()), TotalBytes(anew.traffic()));
  EXPECT_TRUE(whole.traffic().empty());
}

TEST(BoundPlan, WithAPlanThatDoesNotFitIsRefused) {
  const Graph graph = Network();
  const Plan plan = *MakePlan(graph, {.nodes = 2, .sparsity = 0.5});
  const BoundPlan bound = *Bind(graph, plan);
  Plan more = plan, other = plan;
  more.values["no such value"] = plan.values.begin()->second;
  const auto unknown = bound.With(more);
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().message, HasSubstr("'no such value'"));
  other.values.begin()->second.owner.pop_back();
  EXPECT_FALSE(bound.With(other));
  EXPECT_FALSE(bound.ForNodes()->With(more));
  EXPECT_TRUE(bound.ForNodes()->With(plan)) << "also parts of values that were folded away";
}

}  // namespace
}  // namespace disco
