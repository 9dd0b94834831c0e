// SPDX-License-Identifier: Apache-2.0
// The caller hears from each node when a number overflowed or a NaN was clipped inside the network.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "disco/node/session.h"
#include "disco/op/infer_shapes.h"
#include "disco/plan/make_plan.h"

namespace disco {
namespace {

// x [1, 4, 3, 3] -> Conv -> Relu.
Graph ConvAndRelu() {
  Graph graph;
  graph.inputs = {graph.AddValue("x", DType::kF32, {1, 4, 3, 3})};
  Tensor weights(DType::kF32, {4, 4, 1, 1});
  for (float& weight : weights.MutableData<float>()) weight = 0.5f;
  const ValueId w = graph.AddConstant("w", weights);
  const ValueId conv = graph.AddOp(OpType::kConv, "conv", {graph.inputs[0], w}, ConvParams{});
  graph.outputs = {graph.AddOp(OpType::kRelu, "relu", {conv})};
  return graph;
}

bool IsTold(const Session& session, int64_t inferences) {
  bool told = false;
  for (const NodeStatistics& node : session.statistics()) {
    EXPECT_LE(node.overflows, inferences);
    EXPECT_EQ(node.overflows == 0, node.overflow_op.empty());
    told = told || node.overflows == inferences;
  }
  return told;
}

TEST(OverflowToldTest, OfEachInferenceOnWhateverNodes) {
  Graph graph = ConvAndRelu();
  ASSERT_TRUE(InferShapes(graph));
  for (const int nodes : {1, 2, 3}) {
    const auto plan = MakePlan(graph, {.nodes = nodes});
    ASSERT_TRUE(plan) << plan.error().message;
    const auto session = Session::OpenLocal(graph, *plan, {});
    ASSERT_TRUE(session) << session.error().message;
    Tensor x(DType::kF32, {1, 4, 3, 3});
    int64_t overflows = 0;
    for (const float value :
         {1.0f, std::numeric_limits<float>::quiet_NaN(), 1.0f, std::numeric_limits<float>::max()}) {
      for (float& element : x.MutableData<float>()) element = value;
      ASSERT_TRUE((*session)->Infer(std::vector{x}));
      if (value != 1) ++overflows;
      EXPECT_TRUE(IsTold(**session, overflows)) << value << " on " << nodes << " nodes";
    }
  }
}

// One node adds infinities, which sets no flag; another takes them from one another, and clips.
TEST(OverflowToldTest, OfInfiniteConstantsOfAnotherNode) {
  Graph graph;
  graph.inputs = {graph.AddValue("x", DType::kF32, {1, 4, 3, 3})};
  Tensor infinite(DType::kF32, {1, 4, 1, 1});
  infinite.MutableData<float>()[0] = infinite.MutableData<float>()[1] = INFINITY;
  const ValueId mask = graph.AddConstant("mask", infinite);
  const ValueId sum = graph.AddOp(OpType::kAdd, "sum", {graph.inputs[0], mask});
  Tensor weights(DType::kF32, {4, 4, 1, 1});
  for (size_t i = 0; i < 16; ++i) weights.MutableData<float>()[i] = i % 2 == 0 ? 1.0f : -1.0f;
  const ValueId w = graph.AddConstant("w", weights);
  const ValueId conv = graph.AddOp(OpType::kConv, "conv", {sum, w}, ConvParams{});
  graph.outputs = {graph.AddOp(OpType::kRelu, "relu", {conv})};
  ASSERT_TRUE(InferShapes(graph));
  for (const int nodes : {1, 2}) {
    const auto plan = MakePlan(graph, {.nodes = nodes});
    ASSERT_TRUE(plan) << plan.error().message;
    const auto session = Session::OpenLocal(graph, *plan, {});
    ASSERT_TRUE(session) << session.error().message;
    ASSERT_TRUE((*session)->Infer(std::vector{Tensor(DType::kF32, {1, 4, 3, 3})}));
    EXPECT_TRUE(IsTold(**session, 1)) << nodes << " nodes";
  }
}

}  // namespace
}  // namespace disco
