// SPDX-License-Identifier: Apache-2.0
// The figures of the DISCO paper (WACV 2024), worked out from the network: Tables I and Fig. 4,
// with the system of Fig. 2 (37.5 MB/s, 125 GMAC/s, fp32).
#include "disco/cost/estimate.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "disco/op/infer_shapes.h"
#include "disco/op/validate.h"
#include "disco/op/work.h"
#include "disco/plan/make_plan.h"
#include "disco/plan/sketch_for_test.h"
#include "disco/zoo/zoo.h"

namespace disco {
namespace {

const Machine kHeadset{.link = {37.5e6}, .compute = {125e9}};

Graph ResNet50(Width width = {}) { return *MakeZooNetwork({.name = "resnet50", .width = width}); }

Estimate EstimateFor(const Graph& graph, int nodes, double sparsity,
                     std::string_view method = "disco") {
  const auto plan =
      MakePlan(graph, {.nodes = nodes, .method = *ParseMethod(method), .sparsity = sparsity});
  EXPECT_TRUE(plan) << plan.error().message;
  return *EstimateCost(*Bind(graph, *plan), kHeadset);
}

TEST(PaperAccounting, LatencyOfResNet50OnTwoNodes) {
  const Graph graph = ResNet50();
  const Estimate estimate = EstimateFor(graph, 2, 0.8);
  EXPECT_NEAR(estimate.paper.time.serial.count(), 123.6, 0.05);
  EXPECT_NEAR(estimate.single_node.count(), 32.7, 0.05);
  EXPECT_NEAR(estimate.dense.serial / estimate.paper.time.serial, 4.74, 0.01);
  EXPECT_NEAR(estimate.paper.s_comm, 0.8, 1e-9);
  EXPECT_NEAR(estimate.paper.s_comp, 0.4, 1e-9);
  EXPECT_EQ(std::count_if(estimate.layers.begin(), estimate.layers.end(),
                          [](const auto& layer) { return layer.elements > 0; }),
            54);
}

TEST(PaperAccounting, OverlapHidesTheShorterHalf) {
  const Graph graph = ResNet50();
  EXPECT_NEAR(EstimateFor(graph, 2, 0.95).paper.time.overlap.count(), 29.5, 0.1);
  EXPECT_NEAR(EstimateFor(graph, 2, 0.99).paper.time.overlap.count(), 9.8, 0.1);
}

// Fig. 4: what one of N nodes computes at S = 99 %, against a ResNet-50 of 1/8 width alone.
TEST(PaperAccounting, ComputeOverheadAgainstANarrowNetwork) {
  const auto narrow = static_cast<double>(MacsOf(ResNet50({1, 8})).value);
  EXPECT_NEAR(EstimateFor(ResNet50({1, 4}), 2, 0.99).paper.node_macs / narrow, 1.006, 0.001);
  EXPECT_NEAR(EstimateFor(ResNet50({1, 2}), 4, 0.99).paper.node_macs / narrow, 1.022, 0.001);
  EXPECT_NEAR(EstimateFor(ResNet50(), 8, 0.99).paper.node_macs / narrow, 1.053, 0.001);
}

struct StageRow {
  const char* method;
  double s_comm, s_comp;  // percent
};
class StageRows : public testing::TestWithParam<StageRow> {};

TEST_P(StageRows, AgreeWithTableOne) {
  const Estimate estimate = EstimateFor(ResNet50(), 2, 0, GetParam().method);
  EXPECT_NEAR(100 * estimate.paper.s_comm, GetParam().s_comm, 0.5);
  EXPECT_NEAR(100 * estimate.paper.s_comp, GetParam().s_comp, 0.5);
}

INSTANTIATE_TEST_SUITE_P(ResNet50, StageRows,
                         testing::Values(StageRow{"dense-then-split=layer4", 7.8, 9.9},
                                         StageRow{"dense-then-split=layer3", 31.8, 27.8},
                                         StageRow{"dense-then-split=layer2", 68.5, 40.4},
                                         StageRow{"split-then-aggregate=layer1", 30.1, 8.2},
                                         StageRow{"split-then-aggregate=layer2", 66.9, 20.7},
                                         StageRow{"split-then-aggregate=layer3", 90.8, 38.6}));

TEST(MessageLatency, IsPaidOncePerLayerThatCommunicates) {
  const Graph graph = ResNet50();
  const auto plan = MakePlan(graph, {.nodes = 2, .sparsity = 0.99});
  Machine slow = kHeadset;
  slow.message_latency = Milliseconds(1);
  const Milliseconds extra = EstimateCost(*Bind(graph, *plan), slow)->paper.time.serial -
                             EstimateCost(*Bind(graph, *plan), kHeadset)->paper.time.serial;
  EXPECT_NEAR(extra.count(), 54, 1e-6);
}

// What is made of the image alone is on every node, as the image is.
TEST(PaperAccounting, DoesNotChangeWithAnOpOnTheImage) {
  const Graph graph = *MakeZooNetwork({.name = "resnet8"});
  Graph scaled = graph;
  const ValueId half = scaled.AddConstant("half", Tensor::Scalar(0.5f));
  const ValueId product = scaled.AddOp(OpType::kMul, "scale", {scaled.inputs[0], half});
  std::rotate(scaled.ops.rbegin(), scaled.ops.rbegin() + 1, scaled.ops.rend());
  scaled.ops[1].inputs[0] = product;
  ASSERT_TRUE(Validate(scaled));
  ASSERT_TRUE(InferShapes(scaled));
  const Estimate plain = EstimateFor(graph, 4, 0.8), with_op = EstimateFor(scaled, 4, 0.8);
  EXPECT_EQ(with_op.paper.time.serial, plain.paper.time.serial);
  EXPECT_EQ(with_op.paper.time.overlap, plain.paper.time.overlap);
  EXPECT_EQ(with_op.paper.s_comm, plain.paper.s_comm);
  EXPECT_EQ(with_op.paper.s_comp, plain.paper.s_comp);
  EXPECT_EQ(with_op.paper.elements, plain.paper.elements);
  EXPECT_EQ(with_op.paper.bytes_one_way, plain.paper.bytes_one_way);
  EXPECT_EQ(with_op.paper.node_macs, plain.paper.node_macs);
}

// A value that a replicated op makes of features is whole, but its readers read no image.
TEST(PaperAccounting, WhatWasGatheredIsNoImage) {
  Sketch sketch;
  const ValueId a = sketch.Conv("a", sketch.Input({1, 3, 4, 4}), 8);
  const ValueId lrn = sketch.Op(OpType::kLrn, "lrn", {a}, LrnParams{.size = 3});
  const Graph graph = sketch.Finish({sketch.Conv("b", lrn, 8)});
  const Estimate estimate = EstimateFor(graph, 2, 0.5);
  for (const LayerEstimate& layer : estimate.layers) {
    EXPECT_EQ(layer.sparsity, layer.name == "a" ? 0.5 : 0) << layer.name;
  }
}

TEST(PartialOps, AreThoseThatSomeNodesHaveNoPartIn) {
  Sketch sketch;
  const ValueId a = sketch.Conv("a", sketch.Input({1, 3, 4, 4}), 12);
  const ValueId grouped = sketch.Conv("grouped", a, 6, {.group = 3});
  const Graph graph = sketch.Finish({sketch.Conv("b", sketch.Relu("relu", grouped), 2)});
  const Estimate estimate = EstimateFor(graph, 5, 0);
  ASSERT_EQ(estimate.partial.size(), 3u) << "ops without MACs are not listed";
  EXPECT_EQ(estimate.partial[0].op, "a");
  EXPECT_EQ(estimate.partial[0].nodes, 3);
  EXPECT_EQ(estimate.partial[0].reason, "its 12 features are tied into 3 parts");
  EXPECT_EQ(estimate.partial[1].op, "grouped");
  EXPECT_EQ(estimate.partial[1].reason, "its 6 features are tied into 3 parts");
  EXPECT_EQ(estimate.partial[2].nodes, 2);
  EXPECT_EQ(estimate.partial[2].reason, "it has only 2 features");
  EXPECT_TRUE(EstimateFor(graph, 2, 0).partial.empty());
}

TEST(SentAccounting, SendsASharedInputOnceAndNoImage) {
  const Graph graph = ResNet50();
  const Estimate dense = EstimateFor(graph, 2, 0, "dense");
  // No image travels, and a value with two readers (a block's first Conv and its downsample)
  // travels once.
  EXPECT_LT(dense.sent.bytes_one_way.value, static_cast<int64_t>(dense.paper.bytes_one_way));
  EXPECT_EQ(dense.sent.s_comm, 0);
  EXPECT_EQ(dense.sent.messages % 2, 0);
  EXPECT_EQ(EstimateFor(graph, 2, 1, "branches").sent.bytes_total.value, 0);
}

TEST(SentAccounting, OneNodeSendsNothing) {
  const Graph graph = ResNet50({1, 8});
  const Estimate estimate = EstimateFor(graph, 1, 0.8);
  EXPECT_EQ(estimate.sent.messages, 0);
  EXPECT_NEAR(estimate.sent.time.serial.count(), estimate.single_node.count(), 1e-9);
}

}  // namespace
}  // namespace disco
