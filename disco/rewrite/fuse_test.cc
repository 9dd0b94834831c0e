// SPDX-License-Identifier: Apache-2.0
#include "disco/rewrite/fuse.h"

#include "disco/op/infer_shapes.h"
#include "disco/op/validate.h"
#include "disco/rewrite/early_adds.h"
#include "disco/rewrite/layers_for_test.h"

namespace disco {
namespace {

TEST(FuseTest, ResidualLayerIsOneCall) {
  Layers net;
  net.graph.outputs = {net.Relu("relu", net.Add("add", net.Conv("conv", net.x), net.x))};
  EXPECT_EQ(net.Chains(), "conv+add+relu");
}

TEST(FuseTest, ForeignPartOfShardTakesTheSum) {
  Layers net;
  net.ResidualLayer(net.x);
  EXPECT_EQ(net.Chains(), "local receive foreign+sum+residual+relu");
}

TEST(FuseTest, AResidualIsAddedBeforeTheReceive) {
  Layers net;
  const ValueId x = net.Relu("start", net.x);
  net.ResidualLayer(x);
  ASSERT_TRUE(InferShapes(net.graph));
  AddEarly(net.graph);
  ASSERT_TRUE(Validate(net.graph));
  EXPECT_EQ(net.Chains(), "start local+sum receive foreign+residual+relu");
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

TEST(FuseTest, NothingFollowsAnActivation) {
  Layers net;
  net.graph.outputs = {net.Add("add", net.Relu("relu", net.Conv("conv", net.x)), net.x)};
  EXPECT_EQ(net.Chains(), "conv+relu add");
}

TEST(FuseTest, OfBroadcastAddendsAConvolutionTakesNumbersPerFeatureAndScalars) {
  const auto chains = [](const Shape& addend) {
    Layers net;
    const ValueId b = net.graph.AddConstant("b", Tensor(DType::kF32, addend));
    net.graph.outputs = {net.Add("add", net.Conv("conv", net.x), b)};
    return net.Chains();
  };
  for (const Shape& taken : std::vector<Shape>{{}, {1}, {1, 1, 1, 1}, {1, 4, 1, 1}, {1, 4, 3, 3}})
    EXPECT_EQ(chains(taken), "conv+add") << ToString(taken);
  for (const Shape& left : std::vector<Shape>{
           {3}, {3, 3}, {3, 1}, {4, 1, 1}, {4, 3, 3}, {1, 1, 3, 3}, {1, 1, 1, 3}, {1, 4, 1, 3}})
    EXPECT_EQ(chains(left), "conv add") << ToString(left);
}

TEST(FuseTest, AddThatEnlargesStays) {
  Layers net;
  const ValueId wide = net.graph.AddConstant("wide", Tensor(DType::kF32, {2, 4, 3, 3}));
  net.graph.outputs = {net.Add("add", net.Conv("conv", net.x), wide)};
  EXPECT_EQ(net.Chains(), "conv add");
}

}  // namespace
}  // namespace disco
