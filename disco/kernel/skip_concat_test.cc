// SPDX-License-Identifier: Apache-2.0
#include "disco/rewrite/skip_concat.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "disco/kernel/kernels_testing.h"
#include "disco/op/infer_shapes.h"
#include "disco/op/validate.h"

namespace disco {
namespace {

// Two maps of 6 and 4 features, joined and read by 1x1 convolutions of `widths` features each.
struct Joined {
  explicit Joined(const std::vector<int64_t>& widths, bool pooled = false) {
    graph.inputs = {graph.AddValue("a", DType::kF32, {2, 6, 5, 5}),
                    graph.AddValue("b", DType::kF32, {2, 4, 5, 5})};
    ValueId joined = graph.AddOp(OpType::kConcat, "join", graph.inputs, AxisParams{1});
    PoolParams window;
    window.window.kernel = {2, 2};
    if (pooled) joined = graph.AddOp(OpType::kMaxPool, "pool", {joined}, window);
    for (const int64_t width : widths) {
      const std::string name = fmt::format("conv{}", graph.outputs.size());
      const ValueId weights =
          graph.AddConstant(name + "w", RandomTensor(random, {width, 10, 1, 1}));
      const ValueId bias = graph.AddConstant(name + "b", RandomTensor(random, {width}));
      graph.outputs.push_back(
          graph.AddOp(OpType::kConv, name, {joined, weights, bias}, ConvParams{}));
    }
    EXPECT_TRUE(InferShapes(graph));
  }
  int64_t Concats() const { return std::ranges::count(graph.ops, OpType::kConcat, &Op::type); }
  Random random{1};
  Graph graph;
};

TEST(SkipConcatTest, ASqueezeNeedsNoJoinedInput) {
  for (const bool pooled : {false, true}) {
    Joined net({3}, pooled);
    const std::vector<Tensor> inputs = {RandomTensor(net.random, {2, 6, 5, 5}),
                                        RandomTensor(net.random, {2, 4, 5, 5})};
    const auto expected = RunTwice(net.graph, KernelKind::kReference, inputs);
    SkipConcats(net.graph);
    EXPECT_EQ(net.Concats(), 0);
    ASSERT_TRUE(Validate(net.graph));
    ASSERT_TRUE(InferShapes(net.graph));
    const auto got = RunTwice(net.graph, KernelKind::kReference, inputs);
    ASSERT_TRUE(expected && got);
    ExpectClose(expected->outputs[0], got->outputs[0], "conv0");
  }
}

TEST(SkipConcatTest, WhereSumsCostMoreItStays) {
  Joined wide({12}), many({4, 4, 4});
  for (Joined* net : {&wide, &many}) {
    SkipConcats(net->graph);
    EXPECT_EQ(net->Concats(), 1);
  }
}

TEST(SkipConcatTest, WhatIsReadOtherwiseStays) {
  Joined net({3});
  net.graph.outputs.push_back(net.graph.ops[0].outputs[0]);
  SkipConcats(net.graph);
  EXPECT_EQ(net.Concats(), 1);
}

}  // namespace
}  // namespace disco
