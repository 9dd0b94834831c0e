// SPDX-License-Identifier: Apache-2.0
#include "disco/plan/bound_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "disco/plan/make_plan.h"
#include "disco/plan/sketch_for_test.h"

namespace disco {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<Transfer> DenseTraffic(const Graph& graph, int nodes = 2) {
  return Bind(graph, *MakePlan(graph, {nodes}))->traffic();
}

TEST(Traffic, SaysWhoSendsWhatToWhom) {
  Sketch sketch;
  const ValueId a = sketch.Conv("a", sketch.Input({2, 3, 4, 5}), 4);
  const Graph graph = sketch.Finish({sketch.Conv("b", a, 2, {.kernel = 3})});
  Plan plan = *MakePlan(graph, {.nodes = 2});
  plan.values["a"].kept = {{3}, {0, 1}};
  const auto traffic = Bind(graph, plan)->traffic();
  ASSERT_EQ(traffic.size(), 2u);
  EXPECT_EQ(traffic[0].id, 0);
  EXPECT_EQ(traffic[0].value, a);
  EXPECT_EQ(traffic[0].from, 1);
  EXPECT_EQ(traffic[0].to, 0);
  EXPECT_THAT(traffic[0].features, ElementsAre(3));
  EXPECT_EQ(traffic[0].shape, (Shape{2, 1, 4, 5}));
  EXPECT_EQ(traffic[0].size, Bytes{2 * 1 * 4 * 5 * 4});
  EXPECT_EQ(traffic[1].id, 1);
  EXPECT_EQ(traffic[1].from, 0);
  EXPECT_THAT(traffic[1].features, ElementsAre(0, 1));
  EXPECT_EQ(TotalBytes(traffic), Bytes{480});
  EXPECT_EQ(SentBytes(traffic, 0), Bytes{320});
  EXPECT_EQ(ReceivedBytes(traffic, 0), Bytes{160});
}

TEST(Traffic, AValueWithTwoReadersIsSentOnce) {
  Sketch sketch;
  const ValueId a = sketch.Conv("a", sketch.Input({1, 3, 4, 4}), 4);
  const ValueId b = sketch.Conv("b", a, 4), c = sketch.Conv("c", a, 4, {.kernel = 3});
  const Graph graph = sketch.Finish({b, c});
  EXPECT_EQ(DenseTraffic(graph).size(), 2u);
}

TEST(Traffic, StridedPointReadersGetOnlyThePositionsTheyRead) {
  Sketch sketch;
  const ValueId a = sketch.Conv("a", sketch.Input({1, 3, 5, 4}), 4);
  const ValueId b = sketch.Conv("b", a, 4, {.stride = 2});
  const Graph graph = sketch.Finish({b, sketch.Conv("c", a, 2, {.stride = 2})});
  for (const Transfer& transfer : DenseTraffic(graph)) {
    EXPECT_THAT(transfer.stride, ElementsAre(2, 2));
    EXPECT_EQ(transfer.shape, (Shape{1, 2, 3, 2}));
    EXPECT_EQ(transfer.size, Bytes{1 * 2 * 3 * 2 * 4});
  }
}

TEST(Traffic, AReaderOfEveryPositionGetsThemAll) {
  const ConvForm others[] = {
      {.kernel = 1, .stride = 1}, {.kernel = 1, .stride = 3}, {.kernel = 3, .stride = 2}};
  for (const ConvForm& other : others) {
    Sketch sketch;
    const ValueId a = sketch.Conv("a", sketch.Input({1, 3, 6, 6}), 4);
    const ValueId b = sketch.Conv("b", a, 4, {.stride = 2});
    const Graph graph = sketch.Finish({b, sketch.Conv("c", a, 4, other)});
    for (const Transfer& transfer : DenseTraffic(graph)) {
      EXPECT_THAT(transfer.stride, IsEmpty());
      EXPECT_EQ(transfer.shape, (Shape{1, 2, 6, 6}));
    }
  }
}

// What a node does not run itself does not keep others from sending it less.
TEST(Traffic, OnlyTheReceiversReadersCount) {
  Sketch sketch;
  const ValueId a = sketch.Conv("a", sketch.Input({1, 3, 4, 4}), 4);
  const ValueId strided = sketch.Conv("strided", a, 4, {.stride = 2});
  const Graph graph = sketch.Finish({strided, sketch.Conv("single", a, 1, {.kernel = 3})});
  const Plan plan = *MakePlan(graph, {.nodes = 2});
  const NodeId reader_of_all = plan.Find("single")->owner[0];
  const auto traffic = Bind(graph, plan)->traffic();
  for (const Transfer& transfer : traffic)
    EXPECT_EQ(transfer.stride.empty(), transfer.to == reader_of_all);
}

TEST(Traffic, AFinalSoftmaxGathersOnNodeZeroOnly) {
  Sketch sketch;
  const ValueId input = sketch.Input({1, 6});
  const ValueId scores = sketch.Gemm("scores", input, 9);
  const Graph graph =
      sketch.Finish({sketch.Op(OpType::kSoftmax, "softmax", {scores}, SoftmaxParams{})});
  const auto traffic = DenseTraffic(graph, 3);
  ASSERT_EQ(traffic.size(), 2u);
  for (const Transfer& transfer : traffic) EXPECT_EQ(transfer.to, 0);
  EXPECT_EQ(TotalBytes(traffic), Bytes{6 * 4});
}

TEST(Traffic, AWholeOpInTheMiddleGathersOnEveryNodeThatGoesOn) {
  Sketch sketch;
  const ValueId a = sketch.Conv("a", sketch.Input({1, 3, 4, 4}), 6);
  const ValueId lrn = sketch.Op(OpType::kLrn, "lrn", {a}, LrnParams{.size = 3});
  const Graph graph = sketch.Finish({sketch.Conv("b", lrn, 6)});
  const auto traffic = DenseTraffic(graph, 3);
  EXPECT_EQ(traffic.size(), 6u) << "each of 3 nodes from each of 2";
  for (const Transfer& transfer : traffic) EXPECT_EQ(transfer.value, a);
}

}  // namespace
}  // namespace disco
