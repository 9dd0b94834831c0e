// SPDX-License-Identifier: Apache-2.0
// Verdicts on time leave room for any machine: a factor of ten, or a limit that ends a wait gone
// wrong.
#include "disco/kernel/throttle.h"

#include <gmock/gmock.h>

#include "disco/kernel/kernels_testing.h"
#include "disco/op/infer_shapes.h"

namespace disco {
namespace {

using testing::HasSubstr;

TEST(ThrottleTest, HoldsBackInProportion) {
  const auto start = Clock::now() - std::chrono::milliseconds(5);
  const auto end = HoldBack(start, 0.25);
  EXPECT_GE(end - start, std::chrono::milliseconds(20));
  EXPECT_GE(Clock::now(), end);
}

Graph OneConv(Random& random) {
  Graph graph;
  graph.inputs = {graph.AddValue("x", DType::kF32, {1, 8, 16, 16})};
  const ValueId weight = graph.AddConstant("w", RandomTensor(random, {8, 8, 1, 1}));
  graph.outputs = {graph.AddOp(OpType::kConv, "conv", {graph.inputs[0], weight}, ConvParams{})};
  return graph;
}

// The least of a few runs.
Milliseconds ComputeTime(const Graph& graph, const ProgramOptions& options, int runs) {
  const auto program = MakeProgram(graph, options);
  EXPECT_TRUE(program) << program.error().message;
  const std::vector<Tensor> inputs = {Tensor(DType::kF32, {1, 8, 16, 16})};
  std::vector<Tensor> outputs = MakeOutputs(graph);
  Milliseconds least{1e9};
  for (int run = 0; run < runs; ++run) {
    EXPECT_TRUE((*program)->Run(inputs, outputs, nullptr));
    Milliseconds time{0};
    for (const StepTime& step : (*program)->steps()) time += step.end - step.start;
    least = std::min(least, time);
  }
  return least;
}

TEST(ThrottleTest, SlowsEveryComputeStepDown) {
  Random random(1);
  Graph graph = OneConv(random);
  ASSERT_TRUE(InferShapes(graph));
  for (const KernelKind kernel : kKernels) {
    const Milliseconds full = ComputeTime(graph, {.kernel = kernel}, 20);
    const Milliseconds throttled = ComputeTime(graph, {.kernel = kernel, .throttle = 0.01}, 1);
    EXPECT_GE(throttled, 10 * full);
  }
}

class SlowExchange : public Exchange {
 public:
  Status Send(const SendParams&, std::span<const std::byte>) override { return Dawdle(); }
  Status Receive(const ReceiveParams::Source&, std::span<std::byte>) override { return Dawdle(); }

 private:
  static Status Dawdle() {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    return {};
  }
};

// The wire of a slow node is as fast as any.
TEST(ThrottleTest, LeavesTheExchangeAlone) {
  Graph graph;
  graph.outputs = {
      graph.AddOp(OpType::kReceive, "y", {}, ReceiveParams{{{1, 0, 2}}, 1, {1, 2, 1, 1}})};
  graph.AddOp(OpType::kSend, "send", {graph.outputs[0]}, SendParams{1, 1, 1, {0}, {}});
  ASSERT_TRUE(InferShapes(graph));
  std::vector<Tensor> outputs = MakeOutputs(graph);
  for (const KernelKind kernel : kKernels) {
    const auto program = MakeProgram(graph, {.kernel = kernel, .throttle = 0.01});
    ASSERT_TRUE(program) << program.error().message;
    SlowExchange exchange;
    ASSERT_TRUE((*program)->Run({}, outputs, &exchange));
    EXPECT_EQ((*program)->steps().size(), 2u);
    for (const StepTime& step : (*program)->steps())
      EXPECT_LT(step.end - step.start, std::chrono::seconds(9)) << step.name;
  }
}

TEST(ThrottleTest, OutOfRangeIsRefused) {
  Random random(1);
  const Graph graph = OneConv(random);
  for (const double throttle : {0.0, 0.009, 1.01, -1.0, std::nan("")}) {
    const auto program = MakeProgram(graph, {.throttle = throttle});
    ASSERT_FALSE(program) << throttle;
    EXPECT_EQ(program.error().kind, ErrorKind::kUsage);
    EXPECT_THAT(program.error().message, HasSubstr("0.01 to 1"));
  }
}

}  // namespace
}  // namespace disco
