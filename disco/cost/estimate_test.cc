// SPDX-License-Identifier: Apache-2.0
// The figures of the DISCO paper (WACV 2024), worked out from the network: Tables I and Fig. 4,
// with the system of Fig. 2 (37.5 MB/s, 125 GMAC/s, fp32).
#include "disco/cost/estimate.h"

#include <gtest/gtest.h>

#include "disco/graph/work.h"
#include "disco/plan/make_plan.h"
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
  return EstimateCost(graph, *plan, kHeadset);
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
  const Milliseconds extra = EstimateCost(graph, *plan, slow).paper.time.serial -
                             EstimateCost(graph, *plan, kHeadset).paper.time.serial;
  EXPECT_NEAR(extra.count(), 54, 1e-6);
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
