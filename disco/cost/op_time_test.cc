// SPDX-License-Identifier: Apache-2.0
#include "disco/cost/op_time.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "disco/op/work.h"
#include "disco/plan/sketch_for_test.h"
#include "disco/rewrite/fold_batch_norm.h"
#include "disco/zoo/zoo.h"

namespace disco {
namespace {

using testing::ElementsAre;

std::vector<std::string> TimedOps(const Graph& graph) {
  const std::vector<OpWork> works = WorkOf(graph);
  std::vector<std::string> names;
  for (size_t i = 0; i < works.size(); ++i) {
    if (works[i].takes_time)
      names.push_back(fmt::format("{} {}", Name(works[i].kind), graph.ops[i].name));
  }
  return names;
}

TEST(WorkOfAnOp, CountsMacsWeightsAndActivations) {
  Sketch sketch;
  const ValueId x = sketch.Input({1, 8, 4, 4});
  const ValueId conv = sketch.Conv("conv", x, 16, {.kernel = 3, .stride = 2, .bias = true});
  const Graph graph = sketch.Finish({conv});
  const OpWork work = WorkOf(graph, graph.ops[0]);
  EXPECT_EQ(work.kind, OpKind::kWindow);
  EXPECT_EQ(work.macs, MacsOf(graph));
  EXPECT_EQ(work.weights.value, 4 * (16 * 8 * 9 + 16));
  EXPECT_EQ(work.activations.value, 4 * (8 * 16 + 16 * 4));
}

TEST(WorkOfAnOp, KindsFollowTheShapeOfTheWeights) {
  Sketch sketch;
  ValueId x = sketch.Input({1, 8, 4, 4});
  x = sketch.Conv("point", x, 8, {.stride = 2});
  x = sketch.Conv("window", x, 8, {.kernel = 3});
  x = sketch.Conv("depthwise", x, 8, {.kernel = 3, .group = 8});
  x = sketch.Op(OpType::kGlobalAveragePool, "pool", {x});
  x = sketch.Op(OpType::kFlatten, "flatten", {x}, AxisParams{1});
  x = sketch.Gemm("gemm", x, 5);
  x = sketch.Op(OpType::kMatMul, "matmul", {x, sketch.Constant("w", {5, 3})});
  x = sketch.Op(OpType::kSoftmax, "softmax", {x}, SoftmaxParams{});
  EXPECT_THAT(TimedOps(sketch.Finish({x})),
              ElementsAre("point point", "window window", "depthwise depthwise", "move pool",
                          "matrix gemm", "matrix matmul", "move softmax"))
      << "Flatten is a rename";
}

TEST(WorkOfAnOp, WhatMultipliesNothingMovesItsConstantsToo) {
  Sketch sketch;
  const ValueId x = sketch.Input({1, 8, 4, 4});
  const Graph graph =
      sketch.Finish({sketch.Op(OpType::kMul, "scale", {x, sketch.Constant("s", {8, 1, 1})})});
  const OpWork work = WorkOf(graph, graph.ops[0]);
  EXPECT_EQ(work.weights.value, 0);
  EXPECT_EQ(work.activations.value, 4 * (128 + 8 + 128));
}

TEST(OpTime, IsTheSumOfItsTerms) {
  Sketch sketch;
  const Graph graph = sketch.Finish({sketch.Gemm("gemm", sketch.Input({1, 100}), 50)});
  NodeSpeed speed;
  speed.of(OpKind::kMatrix) = {Milliseconds(1), {5e6}, {40'400e3}, {6e5}};
  // 5000 MACs, 20200 bytes of weights and bias, 600 of activations.
  EXPECT_DOUBLE_EQ(OpTime(graph, graph.ops[0], speed).count(), 1 + 1 + 0.5 + 1);
  EXPECT_DOUBLE_EQ(OpTime(graph, graph.ops[0], {}).count(), 0) << "unlimited";
}

// What is fused: rewrite/fuse_test.cc.
TEST(FusedOps, AResidualBlockIsItsConvolutions) {
  Sketch sketch;
  const ValueId x = sketch.Conv("a", sketch.Input({1, 3, 4, 4}), 8);
  const ValueId b = sketch.Relu("relu_b", sketch.Conv("b", x, 8));
  const ValueId c = sketch.Op(OpType::kAdd, "add", {sketch.Conv("c", b, 8), x});
  EXPECT_THAT(TimedOps(sketch.Finish({sketch.Relu("relu", c)})),
              ElementsAre("point a", "point b", "point c"));
}

TEST(FusedOps, AConvolutionAlsoReadsWhatItAdds) {
  Sketch sketch;
  const ValueId x = sketch.Conv("a", sketch.Input({1, 3, 4, 4}), 8);
  const ValueId sum = sketch.Op(OpType::kAdd, "add", {sketch.Conv("b", x, 8), x});
  EXPECT_EQ(WorkOf(sketch.Finish({sum}))[1].activations.value, 4 * 3 * 128)
      << "in, out, and what is added";
}

TEST(GraphTime, OfAResNetIsItsConvolutionsPoolsAndClassifier) {
  Graph graph = *MakeZooNetwork({.name = "resnet50"});
  FoldBatchNorm(graph);
  EXPECT_EQ(TimedOps(graph).size(), 53u + 1 + 2);
  NodeSpeed speed;
  for (KindSpeed& kind : speed.kinds) kind.overhead = Milliseconds(1);
  EXPECT_DOUBLE_EQ(GraphTime(graph, speed).count(), 56);
}

}  // namespace
}  // namespace disco
