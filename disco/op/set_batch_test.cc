// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "disco/op/infer_shapes.h"
#include "disco/op/op_name.h"
#include "disco/op/set_batch.h"
#include "disco/op/validate.h"

namespace disco {
namespace {

// x [batch, 3, 8] -> Conv -> Reshape [batch, 24] -> Gemm [batch, 5] -> Reshape [batch, 5, 1]
Graph Frozen(int64_t batch) {
  Graph graph;
  const ValueId x = graph.AddValue("x", DType::kF32, {batch, 3, 8});
  graph.inputs = {x};
  const ValueId w = graph.AddConstant("w", Tensor(DType::kF32, {4, 3, 3}));
  const ValueId conv = graph.AddOp(OpType::kConv, "conv", {x, w}, ConvParams{});
  const ValueId target = graph.AddConstant("flat.shape", Tensor::Indices({batch, 24}));
  const ValueId flat = graph.AddOp(OpType::kReshape, "flat", {conv, target}, ReshapeParams{});
  const ValueId v = graph.AddConstant("v", Tensor(DType::kF32, {24, 5}));
  const ValueId gemm = graph.AddOp(OpType::kGemm, "gemm", {flat, v}, GemmParams{});
  const ValueId full = graph.AddConstant("full", Tensor::Indices({batch, 5, 1}));
  graph.outputs = {graph.AddOp(OpType::kReshape, "out", {gemm, full}, ReshapeParams{})};
  return graph;
}

class Batches : public testing::TestWithParam<std::pair<int64_t, int64_t>> {};

TEST_P(Batches, AnySizeFollowsAnyOther) {
  const auto [from, to] = GetParam();
  Graph graph = Frozen(from);
  ASSERT_TRUE(InferShapes(graph));
  for (const int64_t batch : {to, from, to + 1}) {
    const Status set = SetBatch(graph, batch);
    ASSERT_TRUE(set) << set.error().message;
    EXPECT_EQ(BatchOf(graph), batch);
    EXPECT_EQ(graph.value(graph.outputs[0]).shape, (Shape{batch, 5, 1}));
    EXPECT_TRUE(Validate(graph));
  }
}
INSTANTIATE_TEST_SUITE_P(, Batches,
                         testing::Values(std::pair(1, 1), std::pair(1, 4), std::pair(4, 1),
                                         std::pair(2, 3), std::pair(1, 1000), std::pair(24, 6)));

TEST(SetBatch, OpsThatShareAFrozenTargetAllFollow) {
  Graph graph;
  graph.inputs = {graph.AddValue("x", DType::kF32, {1, 6})};
  const ValueId target = graph.AddConstant("target", Tensor::Indices({1, 2, 3}));
  graph.outputs = {graph.AddOp(OpType::kReshape, "a", {graph.inputs[0], target}, ReshapeParams{}),
                   graph.AddOp(OpType::kReshape, "b", {graph.inputs[0], target}, ReshapeParams{})};
  ASSERT_TRUE(SetBatch(graph, 7));
  ASSERT_TRUE(Validate(graph));
  for (const ValueId output : graph.outputs) EXPECT_EQ(graph.value(output).shape, (Shape{7, 2, 3}));
}

TEST(SetBatch, EveryInputFollows) {
  Graph graph;
  graph.inputs = {graph.AddValue("x", DType::kF32, {1, 4}),
                  graph.AddValue("y", DType::kF32, {1, 4})};
  graph.outputs = {graph.AddOp(OpType::kAdd, "sum", graph.inputs)};
  ASSERT_TRUE(SetBatch(graph, 3));
  EXPECT_EQ(graph.value(graph.outputs[0]).shape, (Shape{3, 4}));
  graph.value(graph.inputs[1]).shape = {5, 4};
  const Status set = SetBatch(graph, 2);
  ASSERT_FALSE(set);
  EXPECT_NE(set.error().message.find("'y'"), std::string::npos) << set.error().message;
}

TEST(SetBatch, WhatAShardReceivesFollows) {
  Graph graph;
  graph.ops.push_back({"r",
                       OpType::kReceive,
                       ReceiveParams{.sources = {{1, 0, 2}, {2, 0, 1}}, .axis = 1, .shape = {1, 3}},
                       {},
                       {graph.AddValue("r")}});
  graph.outputs = {graph.AddOp(OpType::kRelu, "relu", {0})};
  ASSERT_TRUE(SetBatch(graph, 5));
  EXPECT_EQ(BatchOf(graph), 5);
  EXPECT_EQ(graph.value(graph.outputs[0]).shape, (Shape{5, 3}));
}

// Features of a hostile shard that come along the batch axis would outgrow their sources.
TEST(SetBatch, FeaturesAlongTheBatchAreRefused) {
  Graph graph;
  graph.ops.push_back({"r",
                       OpType::kReceive,
                       ReceiveParams{.sources = {{1, 0, 2}}, .axis = 0, .shape = {2, 3}},
                       {},
                       {graph.AddValue("r")}});
  graph.outputs = {0};
  EXPECT_TRUE(SetBatch(graph, 2));
  EXPECT_FALSE(SetBatch(graph, 4));
}

// One op y of x [batch, 2, 3, 4], and more inputs.
Graph OverBatch(int64_t batch, OpType type, OpParams params, std::vector<Tensor> constants = {}) {
  Graph graph;
  std::vector<ValueId> inputs = {graph.AddValue("x", DType::kF32, {batch, 2, 3, 4})};
  graph.inputs = inputs;
  for (Tensor& constant : constants)
    inputs.push_back(graph.AddConstant(fmt::format("c{}", inputs.size()), std::move(constant)));
  graph.outputs = {graph.AddOp(type, "y", inputs, std::move(params))};
  return graph;
}

struct MixingCase {
  const char* name;
  OpType type;
  OpParams params;
  std::vector<Tensor> constants;
};
class MixedBatches : public testing::TestWithParam<MixingCase> {};

void PrintTo(const MixingCase& mixing, std::ostream* out) { *out << mixing.name; }

TEST_P(MixedBatches, AreRefusedByOpAndBatchAndStayAsTheyAreInTheirOwn) {
  const MixingCase& mixing = GetParam();
  for (const int64_t batch : {1, 2}) {
    Graph graph = OverBatch(batch, mixing.type, mixing.params, mixing.constants);
    const Status same = SetBatch(graph, batch);
    EXPECT_TRUE(same) << same.error().message;
    const Status other = SetBatch(graph, 4);
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().kind, ErrorKind::kUnsupported);
    for (const std::string& text :
         {fmt::format("op 'y' ({})", Name(mixing.type)), std::string("a batch of 4"),
          fmt::format("for a batch of {}", batch)})
      EXPECT_NE(other.error().message.find(text), std::string::npos) << other.error().message;
  }
}
INSTANTIATE_TEST_SUITE_P(
    , MixedBatches,
    testing::Values(
        MixingCase{
            "ReshapeThatIsOpen", OpType::kReshape, ReshapeParams{}, {Tensor::Indices({1, -1})}},
        MixingCase{
            "ReshapeOfAllToOneAxis", OpType::kReshape, ReshapeParams{}, {Tensor::Indices({6, -1})}},
        MixingCase{"Softmax", OpType::kSoftmax, SoftmaxParams{0}, {}},
        MixingCase{"SoftmaxOverAll", OpType::kSoftmax, SoftmaxParams{0, true}, {}},
        MixingCase{"Mean", OpType::kReduceMean, ReduceParams{}, {Tensor::Indices({0})}},
        MixingCase{"MeanOfAll", OpType::kReduceMean, ReduceParams{}, {}},
        MixingCase{"Gather", OpType::kGather, AxisParams{0}, {Tensor::Indices({0})}},
        MixingCase{"BatchNormalization", OpType::kBatchNormalization,
                   BatchNormParams{.training = true},
                   std::vector<Tensor>(4, Tensor(DType::kF32, {2}))}),
    [](const auto& mixing) { return mixing.param.name; });

TEST(SetBatch, ConcatOfTheBatchWithItselfIsRefused) {
  Graph graph;
  graph.inputs = {graph.AddValue("x", DType::kF32, {1, 4})};
  graph.outputs = {
      graph.AddOp(OpType::kConcat, "y", {graph.inputs[0], graph.inputs[0]}, AxisParams{0})};
  EXPECT_TRUE(SetBatch(graph, 1));
  EXPECT_FALSE(SetBatch(graph, 2));
}

// [1] broadcasts over features; of the extent of the features, it would be taken for them.
TEST(SetBatch, ABatchThatStandsOnAnotherAxisIsNotAdded) {
  for (const OpType type : {OpType::kAdd, OpType::kMul}) {
    Graph graph;
    graph.inputs = {graph.AddValue("x", DType::kF32, {1, 4})};
    const ValueId axes = graph.AddConstant("axes", Tensor::Indices({1}));
    const ValueId mean = graph.AddOp(OpType::kReduceMean, "mean", {graph.inputs[0], axes},
                                     ReduceParams{.keep_dims = false});
    graph.outputs = {graph.AddOp(type, "y", {graph.inputs[0], mean})};
    EXPECT_TRUE(SetBatch(graph, 1));
    EXPECT_FALSE(SetBatch(graph, 4));
    EXPECT_FALSE(SetBatch(graph, 3));
  }
}

// Heads of attention: the batch stands on other axes for a while.
TEST(SetBatch, TheBatchMayMove) {
  Graph graph;
  graph.inputs = {graph.AddValue("x", DType::kF32, {1, 3, 8})};
  const ValueId heads = graph.AddConstant("heads", Tensor::Indices({1, 3, 2, 4}));
  const ValueId together = graph.AddConstant("together", Tensor::Indices({2, 3, 4}));
  ValueId x = graph.AddOp(OpType::kReshape, "split", {graph.inputs[0], heads}, ReshapeParams{});
  x = graph.AddOp(OpType::kTranspose, "moved", {x}, TransposeParams{{0, 2, 1, 3}});
  x = graph.AddOp(OpType::kReshape, "joined", {x, together}, ReshapeParams{});
  x = graph.AddOp(OpType::kTranspose, "last", {x}, TransposeParams{{1, 2, 0}});
  graph.outputs = {graph.AddOp(OpType::kSoftmax, "y", {x}, SoftmaxParams{1})};
  const Status set = SetBatch(graph, 5);
  ASSERT_TRUE(set) << set.error().message;
  EXPECT_EQ(graph.value(graph.outputs[0]).shape, (Shape{3, 4, 10}));
}

TEST(SetBatch, SqueezeKeepsTheBatchAndDropsWhatItDropped) {
  Graph graph;
  graph.inputs = {graph.AddValue("x", DType::kF32, {1, 3, 1})};
  graph.outputs = {graph.AddOp(OpType::kSqueeze, "y", graph.inputs)};
  for (const int64_t batch : {2, 1, 3}) {
    ASSERT_TRUE(SetBatch(graph, batch));
    EXPECT_EQ(graph.value(graph.outputs[0]).shape, (Shape{batch, 3}));
  }
}

TEST(SetBatch, BatchesThatMakeNoSenseAreRefused) {
  for (const int64_t batch : {int64_t{0}, int64_t{-1}, INT64_MIN, INT64_MAX, int64_t{1} << 40}) {
    Graph graph = Frozen(1);
    EXPECT_FALSE(SetBatch(graph, batch)) << batch;
  }
  Graph scalar;
  scalar.inputs = {scalar.AddValue("x")};
  scalar.outputs = {scalar.AddOp(OpType::kRelu, "relu", scalar.inputs)};
  EXPECT_FALSE(SetBatch(scalar, 2));
}

}  // namespace
}  // namespace disco
