// SPDX-License-Identifier: Apache-2.0
#include "disco/kernel/onednn/buffers.h"

#include "disco/op/infer_shapes.h"
#include "disco/rewrite/early_adds.h"
#include "disco/rewrite/layers_for_test.h"

namespace disco::onednn {
namespace {

BufferPlan PlanOf(Layers& net) {
  EXPECT_TRUE(InferShapes(net.graph));
  return PlanBuffers(net.graph, LayoutsOf(net.graph), Fuse(net.graph));
}

int BufferOf(const BufferPlan& plan, ValueId id) { return plan.buffer[static_cast<size_t>(id)]; }

TEST(BuffersTest, TheForeignPartOfAShardIsSummedOverTheLocalPart) {
  Layers net;
  const ValueId local = net.ResidualLayer(net.x);
  const BufferPlan plan = PlanOf(net);
  EXPECT_EQ(plan.summed_in_place[2], 0u);
  EXPECT_EQ(BufferOf(plan, net.graph.outputs[0]), BufferOf(plan, local));
}

TEST(BuffersTest, AResidualAddedBeforeTheReceiveHoldsBothSums) {
  Layers net;
  const ValueId x = net.Relu("start", net.x);
  net.ResidualLayer(x);
  ASSERT_TRUE(InferShapes(net.graph));
  AddEarly(net.graph);
  const BufferPlan plan = PlanOf(net);
  EXPECT_EQ(BufferOf(plan, net.graph.outputs[0]), BufferOf(plan, x));
}

TEST(BuffersTest, SumsOnlyOverWhatNobodyReadsLater) {
  Layers net;
  const ValueId identity = net.Relu("identity", net.x);
  const ValueId first = net.Add("first", net.Conv("a", net.x), identity);
  const ValueId second = net.Add("second", net.Conv("b", first), identity);
  net.graph.outputs = {second};
  const BufferPlan plan = PlanOf(net);
  EXPECT_NE(BufferOf(plan, first), BufferOf(plan, identity));
  EXPECT_EQ(BufferOf(plan, second), BufferOf(plan, identity));
}

TEST(BuffersTest, SumNeverOverwritesItsOwnInputOrAnOutput) {
  Layers own;
  const ValueId x = own.Relu("start", own.x);
  own.graph.outputs = {own.Add("add", own.Conv("conv", x), x)};
  const BufferPlan plan = PlanOf(own);
  EXPECT_NE(BufferOf(plan, own.graph.outputs[0]), BufferOf(plan, x));

  Layers kept;
  const ValueId y = kept.Relu("start", kept.x);
  const ValueId renamed = kept.graph.AddOp(OpType::kIdentity, "renamed", {y});
  kept.graph.outputs = {kept.Add("add", kept.Conv("conv", kept.x), renamed), y};
  const BufferPlan kept_plan = PlanOf(kept);
  EXPECT_EQ(BufferOf(kept_plan, renamed), BufferOf(kept_plan, y));
  EXPECT_NE(BufferOf(kept_plan, kept.graph.outputs[0]), BufferOf(kept_plan, y));
}

}  // namespace
}  // namespace disco::onednn
