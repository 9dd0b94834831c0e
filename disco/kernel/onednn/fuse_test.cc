// SPDX-License-Identifier: Apache-2.0
#include "disco/kernel/onednn/fuse.h"

#include <gtest/gtest.h>

#include "disco/graph/infer_shapes.h"
#include "disco/kernel/onednn/buffers.h"
#include "disco/kernel/onednn/early_adds.h"

namespace disco::onednn {
namespace {

// Layers over x [1, 4, 3, 3], named as they are made.
struct Layers {
  Graph graph;
  ValueId x = graph.AddValue("x", DType::kF32, {1, 4, 3, 3});
  ValueId weights = graph.AddConstant("w", Tensor(DType::kF32, {4, 4, 1, 1}));
  Layers() { graph.inputs = {x}; }

  ValueId Conv(const std::string& name, ValueId from) {
    return graph.AddOp(OpType::kConv, name, {from, weights}, ConvParams{});
  }
  ValueId Add(const std::string& name, ValueId a, ValueId b) {
    return graph.AddOp(OpType::kAdd, name, {a, b});
  }
  ValueId Relu(const std::string& name, ValueId from) {
    return graph.AddOp(OpType::kRelu, name, {from});
  }
  ValueId Receive(const std::string& name) {
    return graph.AddOp(OpType::kReceive, name, {}, ReceiveParams{{{1, 1, 4}}, 1, {1, 4, 3, 3}});
  }
  // The chains as text: "conv+add+relu pool".
  std::string Chains() {
    EXPECT_TRUE(InferShapes(graph));
    std::string text;
    for (const FusedOp& fused : Fuse(graph)) {
      text += text.empty() ? "" : " ";
      for (const OpId op : fused.chain)
        text += (op == fused.chain[0] ? "" : "+") + graph.op(op).name;
    }
    return text;
  }
  BufferPlan Plan() {
    EXPECT_TRUE(InferShapes(graph));
    return PlanBuffers(graph, LayoutsOf(graph), Fuse(graph));
  }
  static int BufferOf(const BufferPlan& plan, ValueId id) {
    return plan.buffer[static_cast<size_t>(id)];
  }
};

TEST(FuseTest, ResidualLayerIsOneCall) {
  Layers net;
  net.graph.outputs = {net.Relu("relu", net.Add("add", net.Conv("conv", net.x), net.x))};
  EXPECT_EQ(net.Chains(), "conv+add+relu");
}

TEST(FuseTest, ForeignPartOfShardTakesTheSum) {
  Layers net;
  const ValueId local = net.Conv("local", net.x);
  const ValueId foreign = net.Conv("foreign", net.Receive("receive"));
  net.graph.outputs = {
      net.Relu("relu", net.Add("residual", net.Add("sum", local, foreign), net.x))};
  EXPECT_EQ(net.Chains(), "local receive foreign+sum+residual+relu");
  const BufferPlan plan = net.Plan();
  EXPECT_EQ(plan.summed_in_place[2], 0u);
  EXPECT_EQ(Layers::BufferOf(plan, net.graph.outputs[0]), Layers::BufferOf(plan, local));
}

TEST(FuseTest, AResidualIsAddedBeforeTheReceive) {
  Layers net;
  const ValueId x = net.Relu("start", net.x);
  const ValueId local = net.Conv("local", net.x);
  const ValueId foreign = net.Conv("foreign", net.Receive("receive"));
  net.graph.outputs = {net.Relu("relu", net.Add("residual", net.Add("sum", local, foreign), x))};
  ASSERT_TRUE(InferShapes(net.graph));
  AddEarly(net.graph);
  ASSERT_TRUE(Validate(net.graph));
  EXPECT_EQ(net.Chains(), "start local+sum receive foreign+residual+relu");
  const BufferPlan plan = net.Plan();
  EXPECT_EQ(Layers::BufferOf(plan, net.graph.outputs[0]), Layers::BufferOf(plan, x))
      << "both sums are written where the residual was";
}

TEST(FuseTest, AResidualThatComesLaterStaysBehind) {
  Layers net;
  const ValueId local = net.Conv("local", net.x);
  const ValueId late = net.Relu("late", net.x);
  const ValueId foreign = net.Conv("foreign", net.Receive("receive"));
  net.graph.outputs = {net.Add("residual", net.Add("sum", local, foreign), late)};
  ASSERT_TRUE(InferShapes(net.graph));
  AddEarly(net.graph);
  EXPECT_EQ(net.Chains(), "local late receive foreign+sum+residual");
}

TEST(FuseTest, NothingIsDelayedPastReceive) {
  Layers net;
  const ValueId local = net.Conv("local", net.x);
  net.graph.outputs = {net.Add("sum", local, net.Receive("receive"))};
  EXPECT_EQ(net.Chains(), "local receive sum");
}

TEST(FuseTest, ValuesWithOtherReadersStay) {
  Layers read_twice;
  const ValueId conv = read_twice.Conv("conv", read_twice.x);
  read_twice.graph.outputs = {read_twice.Add("add", read_twice.Relu("relu", conv), conv)};
  EXPECT_EQ(read_twice.Chains(), "conv relu add");

  Layers also_output;
  const ValueId inner = also_output.Conv("conv", also_output.x);
  also_output.graph.outputs = {also_output.Relu("relu", inner), inner};
  EXPECT_EQ(also_output.Chains(), "conv relu");

  Layers doubled;
  const ValueId half = doubled.Conv("conv", doubled.x);
  doubled.graph.outputs = {doubled.Add("add", half, half)};
  EXPECT_EQ(doubled.Chains(), "conv add");
}

TEST(FuseTest, AddThatEnlargesStays) {
  Layers net;
  const ValueId wide = net.graph.AddConstant("wide", Tensor(DType::kF32, {2, 4, 3, 3}));
  net.graph.outputs = {net.Add("add", net.Conv("conv", net.x), wide)};
  EXPECT_EQ(net.Chains(), "conv add");
}

TEST(BuffersTest, SumsOnlyOverWhatNobodyReadsLater) {
  Layers net;
  const ValueId identity = net.Relu("identity", net.x);
  const ValueId first = net.Add("first", net.Conv("a", net.x), identity);
  const ValueId second = net.Add("second", net.Conv("b", first), identity);
  net.graph.outputs = {second};
  const BufferPlan plan = net.Plan();
  EXPECT_NE(Layers::BufferOf(plan, first), Layers::BufferOf(plan, identity));
  EXPECT_EQ(Layers::BufferOf(plan, second), Layers::BufferOf(plan, identity));
}

TEST(BuffersTest, SumNeverOverwritesItsOwnInputOrAnOutput) {
  Layers own;
  const ValueId x = own.Relu("start", own.x);
  own.graph.outputs = {own.Add("add", own.Conv("conv", x), x)};
  const BufferPlan plan = own.Plan();
  EXPECT_NE(Layers::BufferOf(plan, own.graph.outputs[0]), Layers::BufferOf(plan, x));

  Layers kept;
  const ValueId y = kept.Relu("start", kept.x);
  const ValueId renamed = kept.graph.AddOp(OpType::kIdentity, "renamed", {y});
  kept.graph.outputs = {kept.Add("add", kept.Conv("conv", kept.x), renamed), y};
  const BufferPlan kept_plan = kept.Plan();
  EXPECT_EQ(Layers::BufferOf(kept_plan, renamed), Layers::BufferOf(kept_plan, y));
  EXPECT_NE(Layers::BufferOf(kept_plan, kept.graph.outputs[0]), Layers::BufferOf(kept_plan, y));
}

}  // namespace
}  // namespace disco::onednn
