// SPDX-License-Identifier: Apache-2.0
// Run of the oneDNN program allocates nothing.
#include "disco/base/allocation_count_for_test.h"
#include "disco/kernel/kernels_testing.h"
#include "disco/kernel/streamed/streamed.h"
#include "disco/op/infer_shapes.h"

namespace disco {
namespace {

class NullExchange : public Exchange {
 public:
  Status Send(const SendParams&, std::span<const std::byte>) override { return {}; }
  Status Receive(const ReceiveParams::Source&, std::span<std::byte> payload) override {
    std::ranges::fill(payload, std::byte{0});
    return {};
  }
};

// One of everything that has a step of its own.
Graph ManySteps(Random& random) {
  Graph graph;
  const ValueId x = graph.AddValue("x", DType::kF32, {1, 4, 5, 5});
  const ValueId received = graph.AddOp(OpType::kReceive, "received", {},
                                       ReceiveParams{{{1, 1, 1}, {2, 2, 3}}, 1, {1, 4, 5, 5}});
  const auto weights = [&](const std::string& name) {
    return graph.AddConstant(name, RandomTensor(random, {4, 4, 1, 1}));
  };
  const ValueId local = graph.AddOp(OpType::kConv, "local", {x, weights("w")}, ConvParams{});
  const ValueId foreign =
      graph.AddOp(OpType::kConv, "foreign", {received, weights("wf")}, ConvParams{});
  ValueId y =
      graph.AddOp(OpType::kRelu, "relu", {graph.AddOp(OpType::kAdd, "sum", {local, foreign})});
  graph.AddOp(OpType::kSend, "send", {y}, SendParams{1, 3, 1, {0, 2}, {}});
  graph.AddOp(OpType::kSend, "send_halves", {y},
              SendParams{2, 4, 1, {1, 3}, {}, {.type = WireType::kF16}});
  const Wire bytes{WireType::kInt8, {{0, 0.1f}, {-1, 0.2f}}};
  const ValueId joined = graph.AddOp(OpType::kReceive, "joined", {y},
                                     ReceiveParams{{{1, 5, 2}}, 1, {1, 6, 5, 5}, bytes});
  y = graph.AddOp(OpType::kConv, "both",
                  {joined, graph.AddConstant("wj", RandomTensor(random, {4, 6, 1, 1}))},
                  ConvParams{});
  y = graph.AddOp(
      OpType::kMaxPool, "pool", {y},
      PoolParams{Window{{2, 2}, {}, {}, {}, {}, AutoPad::kNotSet}, false, false, false});
  int64_t features = 4;
  for (const int64_t next : {1024, 600, 4}) {  // 2.4 MB of weights in the second
    const std::string name = "streamed" + std::to_string(next);
    const ValueId large =
        graph.AddConstant("w" + name, RandomTensor(random, {next, features, 1, 1}));
    y = graph.AddOp(OpType::kConv, name, {y, large}, ConvParams{});
    features = next;
  }
  y = graph.AddOp(OpType::kConcat, "concat", {y, y}, AxisParams{1});
  y = graph.AddOp(OpType::kTranspose, "transpose", {y}, TransposeParams{{0, 2, 3, 1}});
  y = graph.AddOp(OpType::kFlatten, "flatten", {y}, AxisParams{1});
  y = graph.AddOp(OpType::kGemm, "fc",
                  {y, graph.AddConstant("wg", RandomTensor(random, {128, 10}))}, GemmParams{});
  graph.inputs = {x};
  graph.outputs = {graph.AddOp(OpType::kSoftmax, "softmax", {y}, SoftmaxParams{}), x};
  return graph;
}

TEST(AllocationTest, RunAllocatesNothing) {
  Random random(1);
  Graph graph = ManySteps(random);
  ASSERT_TRUE(InferShapes(graph));
  const auto program = MakeProgram(graph, {KernelKind::kOneDnn, 1});
  ASSERT_TRUE(program) << program.error().message;
  EXPECT_THAT(UnusualWarnings((*program)->report().warnings), testing::IsEmpty());
  EXPECT_EQ((*program)->report().streamed, streamed::IsSupported() ? 2 : 0);
  const std::vector<Tensor> inputs = {RandomTensor(random, {1, 4, 5, 5})};
  std::vector<Tensor> outputs = MakeOutputs(graph);
  NullExchange exchange;
  ASSERT_TRUE((*program)->Run(inputs, outputs, &exchange));
  const AllocationCount allocations(AllocationCount::Threads::kAll);
  const Status status = (*program)->Run(inputs, outputs, &exchange);
  const int during_run = allocations.count();
  const std::vector<int> one(1);  // the count itself works
  const int afterwards = allocations.count();
  ASSERT_TRUE(status);
  EXPECT_EQ(during_run, 0);
  EXPECT_GT(afterwards, during_run);
}

}  // namespace
}  // namespace disco
