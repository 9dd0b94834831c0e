// SPDX-License-Identifier: Apache-2.0
// Nodes that answer over TCP allocate nothing after the first inferences: runner, program, mesh.
#include "disco/base/allocation_count_for_test.h"
#include "disco/node/loopback_nodes.h"
#include "disco/node/session.h"
#include "disco/plan/make_plan.h"
#include "disco/plan/sketch_for_test.h"

namespace disco {
namespace {

// Layers that send, with a residual, two branches, a joined value and a classifier.
Graph SmallNetwork() {
  Sketch sketch;
  const ValueId x = sketch.Relu("relu1", sketch.Conv("conv1", sketch.Input({1, 3, 16, 16}), 8));
  const ValueId y = sketch.Relu("relu2", sketch.Conv("conv2", x, 8, {.kernel = 3}));
  const ValueId sum = sketch.Op(OpType::kAdd, "add", {sketch.Conv("conv3", y, 8), x});
  const ValueId left = sketch.Conv("left", sketch.Conv("left.squeeze", sum, 4), 4);
  const ValueId right = sketch.Conv("right", sketch.Conv("right.squeeze", sum, 4), 4);
  const ValueId joined = sketch.Op(OpType::kConcat, "joined", {left, right}, AxisParams{1});
  const ValueId pooled = sketch.Op(OpType::kGlobalAveragePool, "pool", {joined});
  const ValueId row = sketch.Op(OpType::kFlatten, "flatten", {pooled}, AxisParams{1});
  return sketch.Finish({sketch.Gemm("classifier", row, 4)});
}

class NodeAllocations : public testing::TestWithParam<WireType> {};

TEST_P(NodeAllocations, AreNoneAfterTheFirstInferences) {
  const Graph graph = SmallNetwork();
  auto plan = MakePlan(graph, {.nodes = 2, .sparsity = 0.5});
  ASSERT_TRUE(plan) << plan.error().message;
  bool split = true;
  for (auto& [name, part] : plan->values) {
    if (!part.read_foreign) continue;
    part.wire.type = GetParam();
    if (GetParam() == WireType::kInt8) part.wire.scales.resize(part.owner.size());
    part.call = split ? MixingCall::kSplit : MixingCall::kFused;
    split = !split;
    part.with_next = name == "left.squeeze";
  }
  const auto nodes = LoopbackNodes::Start({{}, {}});
  ASSERT_TRUE(nodes) << nodes.error().message;
  const auto session =
      Session::Connect(graph, *plan, (*nodes)->endpoints(), {.deadline = Milliseconds(20000)});
  ASSERT_TRUE(session) << session.error().message;
  const std::vector<Tensor> inputs = {NormalTensor("x", {1, 3, 16, 16})};
  for (int warmup = 0; warmup < 3; ++warmup) ASSERT_TRUE((*session)->Infer(inputs));
  const AllocationCount allocations(AllocationCount::Threads::kOthers);
  for (int repeat = 0; repeat < 5; ++repeat) {
    ASSERT_TRUE((*session)->Repeat());
    ASSERT_TRUE((*session)->Infer(inputs));
  }
  EXPECT_EQ(allocations.count(), 0);
  EXPECT_GT((*session)->statistics()[0].sent.value, 0);
}

INSTANTIATE_TEST_SUITE_P(Wires, NodeAllocations,
                         testing::Values(WireType::kF32, WireType::kF16, WireType::kInt8),
                         [](const auto& wire) { return std::string(Name(wire.param)); });

}  // namespace
}  // namespace disco
