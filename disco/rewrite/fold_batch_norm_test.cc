// SPDX-License-Identifier: Apache-2.0
#include "disco/rewrite/fold_batch_norm.h"

#include <gtest/gtest.h>

#include <cmath>

#include "disco/op/infer_shapes.h"
#include "disco/op/validate.h"

namespace disco {
namespace {

constexpr float kEpsilon = 0.5f;

// x [1, 2, 3] -> Conv 1x1 of 2 features -> BatchNormalization "norm"
Graph ConvNorm(bool with_bias) {
  Graph graph;
  auto constant = [&](const char* name, Shape shape, std::initializer_list<float> elements) {
    return graph.AddConstant(name, Tensor::From<float>(std::move(shape), elements));
  };
  const ValueId x = graph.AddValue("x", DType::kF32, {1, 2, 3});
  graph.inputs = {x};
  std::vector<ValueId> inputs = {x, constant("w", {2, 2, 1}, {1, 2, 3, 4})};
  if (with_bias) inputs.push_back(constant("b", {2}, {0.25f, -1}));
  const ValueId conv = graph.AddOp(OpType::kConv, "conv", inputs, ConvParams{});
  graph.outputs = {
      graph.AddOp(OpType::kBatchNormalization, "norm",
                  {conv, constant("scale", {2}, {3, -2}), constant("shift", {2}, {10, 20}),
                   constant("mean", {2}, {0.5f, -4}), constant("variance", {2}, {3.5f, 0})},
                  BatchNormParams{.epsilon = kEpsilon})};
  return graph;
}

// What feature `m` of the network gives for one pixel, by the definitions of its ops.
double ByDefinition(const Graph& graph, size_t m, double x0, double x1) {
  auto number = [&](const Op& op, size_t slot, size_t i) -> double {
    const Tensor* tensor = graph.ConstantInput(op, slot);
    return tensor == nullptr ? 0 : tensor->Data<float>()[i];
  };
  const Op& conv = graph.ops[0];
  double y = number(conv, 1, 2 * m) * x0 + number(conv, 1, 2 * m + 1) * x1 + number(conv, 2, m);
  if (graph.ops.size() > 1) {
    const Op& norm = graph.ops[1];
    y = (y - number(norm, 3, m)) / std::sqrt(number(norm, 4, m) + kEpsilon) * number(norm, 1, m) +
        number(norm, 2, m);
  }
  return y;
}

TEST(FoldBatchNorm, KeepsWhatTheNetworkComputes) {
  for (const bool with_bias : {false, true}) {
    const Graph before = ConvNorm(with_bias);
    Graph after = before;
    FoldBatchNorm(after);
    ASSERT_TRUE(Validate(after));
    ASSERT_TRUE(InferShapes(after));
    ASSERT_EQ(after.ops.size(), 1u);
    EXPECT_EQ(after.value(after.outputs[0]).name, "norm");
    for (const auto& [x0, x1] : {std::pair(0., 0.), {1., 0.}, {0., 1.}, {-2.5, 7.}}) {
      for (const size_t m : {0u, 1u})
        EXPECT_NEAR(ByDefinition(after, m, x0, x1), ByDefinition(before, m, x0, x1), 1e-4);
    }
  }
}

TEST(FoldBatchNorm, SharedWeightsStayForTheOtherReader) {
  Graph graph = ConvNorm(false);
  graph.outputs.push_back(graph.AddOp(OpType::kConv, "other", graph.ops[0].inputs, ConvParams{}));
  FoldBatchNorm(graph);
  ASSERT_EQ(graph.ops.size(), 2u);
  EXPECT_EQ(graph.ConstantInput(graph.ops[1], 1)->Data<float>()[3], 4);
}

TEST(FoldBatchNorm, TwoOpsOfOneNameFold) {
  Graph graph = ConvNorm(false);
  std::vector<ValueId> inputs = graph.ops[1].inputs;
  const ValueId w = graph.ops[0].inputs[1];
  inputs[0] = graph.AddOp(OpType::kConv, "conv2", {graph.outputs[0], w}, ConvParams{});
  graph.outputs = {
      graph.AddOp(OpType::kBatchNormalization, "norm2", inputs, BatchNormParams{kEpsilon})};
  graph.ops[3].name = "norm";
  FoldBatchNorm(graph);
  EXPECT_EQ(graph.ops.size(), 2u);
  EXPECT_TRUE(Validate(graph));
}

struct Obstacle {
  const char* name;
  void (*put)(Graph&);
};
const Obstacle kObstacles[] = {
    {"AnotherReader",
     [](Graph& g) { g.outputs.push_back(g.AddOp(OpType::kRelu, "relu", g.ops[0].outputs)); }},
    {"AGraphOutput", [](Graph& g) { g.outputs.push_back(g.ops[0].outputs[0]); }},
    {"TrainingForm",
     [](Graph& g) { g.ops[1].params = BatchNormParams{.epsilon = kEpsilon, .training = true}; }},
    {"WeightsThatAreData", [](Graph& g) { g.value(g.ops[0].inputs[1]).constant.reset(); }},
    {"StatisticsThatAreData", [](Graph& g) { g.value(g.ops[1].inputs[3]).constant.reset(); }},
    {"TooFewStatistics",
     [](Graph& g) { g.value(g.ops[1].inputs[3]).constant = Tensor(DType::kF32, {1}); }},
    {"WeightsOfOtherType",
     [](Graph& g) { g.value(g.ops[0].inputs[1]).constant = Tensor(DType::kI8, {2, 2, 1}); }},
    {"NoConv", [](Graph& g) { g.ops[0] = {"relu", OpType::kRelu, {}, {0}, g.ops[0].outputs}; }},
};

class Kept : public testing::TestWithParam<Obstacle> {};
TEST_P(Kept, IsTheBatchNormalization) {
  Graph graph = ConvNorm(false);
  GetParam().put(graph);
  const size_t ops = graph.ops.size();
  FoldBatchNorm(graph);
  EXPECT_EQ(graph.ops.size(), ops);
}
INSTANTIATE_TEST_SUITE_P(FoldBatchNorm, Kept, testing::ValuesIn(kObstacles),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace disco
