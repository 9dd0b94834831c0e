// SPDX-License-Identifier: Apache-2.0
#include "disco/rewrite/fold_constants.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "disco/op/infer_shapes.h"
#include "disco/op/op_name.h"
#include "disco/op/validate.h"

namespace disco {
namespace {

// x + f(constant), where f is the one op under test; the folded constant afterwards.
struct Folded {
  Graph graph;
  Status status;
  const Tensor* constant() const {
    return graph.ops.size() == 1 ? graph.ConstantInput(graph.ops[0], 1) : nullptr;
  }
};

Folded Fold(OpType type, OpParams params, const std::vector<Tensor>& inputs) {
  Folded folded;
  Graph& graph = folded.graph;
  const ValueId x = graph.AddValue("x", DType::kF32, {6});
  graph.inputs = {x};
  std::vector<ValueId> ids;
  for (const Tensor& tensor : inputs)
    ids.push_back(graph.AddConstant(fmt::format("c{}", ids.size()), tensor));
  const ValueId made = graph.AddOp(type, "op", ids, std::move(params));
  graph.outputs = {graph.AddOp(OpType::kAdd, "add", {x, made})};
  folded.status = FoldConstants(graph);
  return folded;
}

const Tensor kSix = Tensor::From<float>({1, 2, 3}, {1, 2, 3, 4, 5, 6});

void ExpectFolded(OpType type, OpParams params, const std::vector<Tensor>& inputs,
                  const Tensor& expected) {
  const Folded folded = Fold(type, std::move(params), inputs);
  ASSERT_TRUE(folded.status) << folded.status.error().message;
  ASSERT_NE(folded.constant(), nullptr) << Name(type);
  EXPECT_EQ(folded.constant()->dtype(), expected.dtype()) << Name(type);
  EXPECT_EQ(folded.constant()->shape(), expected.shape()) << Name(type);
  EXPECT_TRUE(std::ranges::equal(folded.constant()->bytes(), expected.bytes())) << Name(type);
  EXPECT_EQ(folded.graph.values.size(), 3u) << "what is folded away is dropped";
  EXPECT_TRUE(Validate(folded.graph));
}

TEST(FoldConstants, MovesAndFillsAtLoad) {
  ExpectFolded(OpType::kIdentity, {}, {kSix}, kSix);
  ExpectFolded(OpType::kReshape, ReshapeParams{}, {kSix, Tensor::Indices({3, -1})},
               kSix.Reshaped({3, 2}));
  ExpectFolded(OpType::kFlatten, AxisParams{2}, {kSix}, kSix.Reshaped({2, 3}));
  ExpectFolded(OpType::kSqueeze, {}, {kSix}, kSix.Reshaped({2, 3}));
  ExpectFolded(OpType::kUnsqueeze, {}, {kSix, Tensor::Indices({-1})}, kSix.Reshaped({1, 2, 3, 1}));
  ExpectFolded(OpType::kTranspose, TransposeParams{{0, 2, 1}}, {kSix},
               Tensor::From<float>({1, 3, 2}, {1, 4, 2, 5, 3, 6}));
  ExpectFolded(OpType::kConstantOfShape, FillParams{.value = 2.5}, {Tensor::Indices({2})},
               Tensor::From<float>({2}, {2.5f, 2.5f}));
  ExpectFolded(OpType::kConstantOfShape, FillParams{.value = -3, .dtype = DType::kI64},
               {Tensor::Indices({})}, Tensor::From<int64_t>({}, {-3}));
}

TEST(FoldConstants, LeavesWhatComputesOrReadsData) {
  EXPECT_EQ(Fold(OpType::kRelu, {}, {kSix}).graph.ops.size(), 2u);
  Graph graph;
  graph.inputs = {graph.AddValue("x", DType::kF32, {6})};
  graph.outputs = {graph.AddOp(OpType::kIdentity, "same", graph.inputs)};
  ASSERT_TRUE(FoldConstants(graph));
  EXPECT_EQ(graph.ops.size(), 1u);
}

TEST(FoldConstants, FollowsChains) {
  Graph graph;
  const ValueId shape = graph.AddConstant("shape", Tensor::Indices({2, 3}));
  const ValueId zeros = graph.AddOp(OpType::kConstantOfShape, "zeros", {shape}, FillParams{});
  const ValueId turned = graph.AddOp(OpType::kTranspose, "turned", {zeros}, TransposeParams{});
  graph.outputs = {turned};
  ASSERT_TRUE(FoldConstants(graph));
  EXPECT_TRUE(graph.ops.empty());
  EXPECT_EQ(graph.value(graph.outputs[0]).constant->shape(), (Shape{3, 2}));
}

TEST(FoldConstants, WhatDoesNotFitIsNamed) {
  const Folded folded = Fold(OpType::kReshape, ReshapeParams{}, {kSix, Tensor::Indices({4, -1})});
  ASSERT_FALSE(folded.status);
  EXPECT_NE(folded.status.error().message.find("op 'op' (Reshape)"), std::string::npos);
}

// Each of these files has a few hundred bytes and asks for hundreds of gigabytes.
TEST(FoldConstants, AFewBytesDoNotBecomeGigabytes) {
  for (const std::vector<int64_t>& dims :
       {std::vector<int64_t>{kMaxElements}, {1 << 15, 1 << 15, 4}, {int64_t{1} << 62, 4}, {-1}}) {
    const Folded folded =
        Fold(OpType::kConstantOfShape, FillParams{.dtype = DType::kI64}, {Tensor::Indices(dims)});
    ASSERT_FALSE(folded.status);
    EXPECT_NE(folded.status.error().message.find("op 'op'"), std::string::npos)
        << folded.status.error().message;
  }
}

TEST(BindInput, TurnsAParameterInputIntoAConstant) {
  Graph graph;
  const ValueId x = graph.AddValue("x", DType::kF32, {6});
  const ValueId target = graph.AddValue("target", DType::kI64, {2});
  graph.inputs = {x, target};
  graph.outputs = {graph.AddOp(OpType::kReshape, "r", {x, target}, ReshapeParams{})};
  EXPECT_FALSE(InferShapes(graph)) << "the shape is not known";
  EXPECT_EQ(ParameterInputs(graph), (std::vector<ValueId>{target}));
  BindInput(graph, target, Tensor::Indices({2, 3}));
  EXPECT_TRUE(ParameterInputs(graph).empty());
  EXPECT_EQ(graph.inputs, (std::vector<ValueId>{x}));
  ASSERT_TRUE(InferShapes(graph));
  EXPECT_EQ(graph.value(graph.outputs[0]).shape, (Shape{2, 3}));
}

TEST(FoldConstants, LeavesShapesAndTypesAsTheyWereInferred) {
  Graph graph;
  const ValueId x = graph.AddValue("x", DType::kF32, {2, 3});
  graph.inputs = {x};
  const ValueId turned =
      graph.AddOp(OpType::kTranspose, "turned",
                  {graph.AddConstant("c", Tensor(DType::kF32, {3, 2}))}, TransposeParams{});
  const ValueId filled = graph.AddOp(OpType::kConstantOfShape, "filled",
                                     {graph.AddConstant("shape", Tensor::Indices({1, 3}))},
                                     FillParams{.value = 1, .dtype = DType::kF32});
  const ValueId sum = graph.AddOp(OpType::kAdd, "sum", {x, turned});
  graph.outputs = {turned, graph.AddOp(OpType::kAdd, "again", {sum, filled})};
  ASSERT_TRUE(InferShapes(graph));
  Graph folded = graph;
  ASSERT_TRUE(FoldConstants(folded));
  ASSERT_EQ(folded.ops.size(), 2u);
  Graph inferred = folded;
  ASSERT_TRUE(InferShapes(inferred));
  for (size_t value = 0; value < folded.values.size(); ++value) {
    const std::string& name = folded.values[value].name;
    const auto before = std::ranges::find(graph.values, name, &Value::name);
    ASSERT_NE(before, graph.values.end()) << name;
    for (const Value& after : {folded.values[value], inferred.values[value]}) {
      EXPECT_EQ(after.shape, before->shape) << name;
      EXPECT_EQ(after.dtype, before->dtype) << name;
    }
  }
}

}  // namespace
}  // namespace disco
