// SPDX-License-Identifier: Apache-2.0
// Nodes that have work for minutes: they end when they are told to, and work for nobody in vain.
#include <future>
#include <thread>

#include "disco/node/session.h"
#include "disco/op/infer_shapes.h"
#include "tests/node_process.h"

namespace disco {
namespace {

constexpr Milliseconds kLongPatience{20000};
constexpr Milliseconds kSoonGivenUp{2000};

// Some 100 seconds of the reference kernels.
struct LongWork {
  LongWork() {
    const ValueId x = graph.AddValue("x", DType::kF32, {16, 256, 64, 64});
    graph.inputs = {x};
    const ValueId w = graph.AddConstant("w", Tensor(DType::kF32, {256, 256, 3, 3}));
    const Window window{.kernel = {3, 3}, .pads_begin = {1, 1}, .pads_end = {1, 1}};
    graph.outputs = {graph.AddOp(OpType::kConv, "conv", {x, w}, ConvParams{window})};
    EXPECT_TRUE(InferShapes(graph));
    plan = SingleNodePlan(graph);
  }
  Result<std::unique_ptr<Session>> Open(const NodeProcess& node, Milliseconds deadline) const {
    return Session::Connect(graph, plan, {node.endpoint()},
                            {.program = {.kernel = KernelKind::kReference}, .deadline = deadline});
  }
  Graph graph;
  Plan plan;
  std::vector<Tensor> inputs = {Tensor(DType::kF32, {16, 256, 64, 64})};
};

// It ends by itself: the alarm of the process, which ends it after 5 s in any case, is a signal.
TEST(NodesAtWork, ANodeAtWorkEndsWhenItIsTold) {
  const LongWork work;
  NodeProcess node;
  const auto session = work.Open(node, kLongPatience * 10);
  ASSERT_TRUE(session) << session.error().message;
  auto answer = std::async(std::launch::async, [&] { return (*session)->Infer(work.inputs); });
  std::this_thread::sleep_for(std::chrono::milliseconds(500));  // it computes by now, or soon
  node.Signal(SIGTERM);
  EXPECT_EQ(node.AwaitEnd(), 0) << "waitpid's status";
  const auto outputs = answer.get();
  ASSERT_FALSE(outputs);
  EXPECT_NE(outputs.error().message.find("node 0"), std::string::npos) << outputs.error().message;
}

TEST(NodesAtWork, ANodeDoesNotComputeForACallerThatHasGivenUp) {
  const LongWork work;
  const NodeProcess node(0, {"--sessions", "1"});
  {
    const auto session = work.Open(node, kSoonGivenUp);
    ASSERT_TRUE(session) << session.error().message;
    EXPECT_FALSE((*session)->Infer(work.inputs));
  }
  const Deadline deadline = Deadline::In(kLongPatience);
  Result<std::unique_ptr<Session>> next = work.Open(node, kLongPatience);
  while (!next && !deadline.Passed()) next = work.Open(node, kLongPatience);
  EXPECT_TRUE(next) << next.error().message;
}

}  // namespace
}  // namespace disco
