// SPDX-License-Identifier: Apache-2.0
#include "disco/op/work.h"

#include <gtest/gtest.h>

#include "disco/op/infer_shapes.h"

namespace disco {
namespace {

struct CountedOp {
  const char* name;
  OpType type;
  OpParams params;
  Shape x;
  std::vector<Shape> weights;
  int64_t macs, parameters;
  bool mixing;
};

Graph GraphOf(const CountedOp& c) {
  Graph graph;
  graph.inputs = {graph.AddValue("x", DType::kF32, c.x)};
  std::vector<ValueId> inputs = graph.inputs;
  for (const Shape& shape : c.weights)
    inputs.push_back(
        graph.AddConstant(fmt::format("w{}", inputs.size()), Tensor(DType::kF32, shape)));
  graph.outputs = {graph.AddOp(c.type, "op", inputs, c.params)};
  return graph;
}

// Counted by hand: outputs times multiplications for each.
const CountedOp kCounted[] = {
    {"Conv",
     OpType::kConv,
     ConvParams{},
     {1, 3, 8, 8},
     {{16, 3, 3, 3}, {16}},
     16 * 36 * 27,
     16 * 27 + 16,
     true},
    {"ConvOfABatch",
     OpType::kConv,
     ConvParams{},
     {2, 3, 8, 8},
     {{16, 3, 3, 3}},
     2 * 16 * 36 * 27,
     16 * 27,
     true},
    {"GroupedConv",
     OpType::kConv,
     ConvParams{{}, 4},
     {1, 8, 5},
     {{12, 2, 3}},
     12 * 3 * 6,
     72,
     false},
    {"DepthwiseConv",
     OpType::kConv,
     ConvParams{{.strides = {2}}, 8},
     {1, 8, 9},
     {{8, 1, 3}},
     8 * 4 * 3,
     24,
     false},
    {"Gemm", OpType::kGemm, GemmParams{}, {2, 7}, {{7, 5}, {5}}, 2 * 7 * 5, 40, true},
    {"GemmTransposedB",
     OpType::kGemm,
     GemmParams{.transpose_b = true},
     {2, 7},
     {{5, 7}},
     2 * 7 * 5,
     35,
     true},
    {"GemmTransposedA",
     OpType::kGemm,
     GemmParams{.transpose_a = true},
     {7, 2},
     {{7, 5}},
     2 * 7 * 5,
     35,
     false},
    {"MatMul", OpType::kMatMul, {}, {2, 6, 7}, {{7, 5}}, 2 * 6 * 7 * 5, 35, true},
    {"MatMulOfMany", OpType::kMatMul, {}, {2, 6, 7}, {{2, 7, 5}}, 2 * 6 * 7 * 5, 70, false},
    {"BatchNormalization",
     OpType::kBatchNormalization,
     BatchNormParams{},
     {1, 4},
     {{4}, {4}, {4}, {4}},
     0,
     8,
     false},
    {"Relu", OpType::kRelu, {}, {1, 4}, {}, 0, 0, false},
};

class Work : public testing::TestWithParam<CountedOp> {};

TEST_P(Work, IsWhatHandsCount) {
  Graph graph = GraphOf(GetParam());
  const Status inferred = InferShapes(graph);
  ASSERT_TRUE(inferred) << inferred.error().message;
  EXPECT_EQ(MacsOf(graph, graph.ops[0]).value, GetParam().macs);
  EXPECT_EQ(MacsOf(graph).value, GetParam().macs);
  EXPECT_EQ(ParameterCount(graph), GetParam().parameters);
  EXPECT_EQ(IsMixing(graph, graph.ops[0]), GetParam().mixing);
}
INSTANTIATE_TEST_SUITE_P(, Work, testing::ValuesIn(kCounted),
                         [](const auto& test) { return test.param.name; });

TEST(WeightBytes, CountWhatIsHeldOnceAndNoParameters) {
  Graph graph = GraphOf(kCounted[9]);
  const ValueId target = graph.AddConstant("target", Tensor::Indices({0, -1}));
  const ValueId flat =
      graph.AddOp(OpType::kReshape, "flat", {graph.outputs[0], target}, ReshapeParams{});
  graph.outputs = {graph.AddOp(OpType::kMul, "again", {flat, graph.ops[0].inputs[1]})};
  EXPECT_EQ(WeightBytes(graph).value, 4 * 4 * 4) << "statistics are held, though not learned";
  EXPECT_EQ(ParameterCount(graph), 8);
}

TEST(Mixing, NeedsWeightsThatAreKnown) {
  for (const CountedOp& c : kCounted) {
    Graph graph = GraphOf(c);
    for (Value& value : graph.values) value.constant.reset();
    EXPECT_FALSE(IsMixing(graph, graph.ops[0])) << c.name;
  }
}

}  // namespace
}  // namespace disco
