// SPDX-License-Identifier: Apache-2.0
// The caller hears from each node when a number overflowed or a NaN was clipped inside the network.
#include <gtest/gtest.h>

#include <limits>

#include "disco/graph/infer_shapes.h"
#include "disco/node/session.h"
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

}  // namespace
}  // namespace disco
