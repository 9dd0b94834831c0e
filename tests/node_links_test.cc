// SPDX-License-Identifier: Apache-2.0
// Links as people have them: slow, several nodes at one endpoint, endpoints that only some can
// reach.
#include <gmock/gmock.h>

#include <future>
#include <mutex>

#include "disco/node/session.h"
#include "disco/plan/make_plan.h"
#include "disco/plan/sketch_for_test.h"
#include "disco/zoo/zoo.h"
#include "tests/compare.h"
#include "tests/local_servers.h"
#include "tests/proxy.h"

namespace disco {
namespace {

constexpr Milliseconds kPatience{60'000};

struct Network {
  explicit Network(int nodes) : plan(*MakePlan(graph, {.nodes = nodes, .sparsity = 0.5})) {}
  Graph graph = *MakeZooNetwork({.name = "resnet8", .width = {1, 2}});
  Plan plan;
  std::vector<Tensor> inputs = {NormalTensor("x", graph.value(graph.inputs[0]).shape)};
};

TEST(NodeLinks, OneProcessMayBeAllNodes) {
  const Network network(3);
  // The sessions of one round may still be ending when the next begins.
  const LocalServers servers(1, {.sessions = 36, .patience = kPatience});
  const std::vector<Endpoint> thrice(3, servers.endpoints[0]);
  const auto local = Session::OpenLocal(network.graph, network.plan, {.deadline = kPatience});
  ASSERT_TRUE(local) << local.error().message;
  const auto expected = (*local)->Infer(network.inputs);
  ASSERT_TRUE(expected) << expected.error().message;
  for (int round = 0; round < 12; ++round) {
    const auto session =
        Session::Connect(network.graph, network.plan, thrice, {.deadline = kPatience});
    ASSERT_TRUE(session) << session.error().message;
    const auto outputs = (*session)->Infer(network.inputs);
    ASSERT_TRUE(outputs) << outputs.error().message;
    ExpectClose(*outputs, *expected, 1e-6);
  }
}

TEST(NodeLinks, ALoopbackAddressOfANodeThatAnotherMachineHasToReachIsRefused) {
  const Network network(3);
  const Endpoint here{"127.0.0.1", 1}, elsewhere{"192.0.2.1", 7701};  // an address that nobody has
  for (const auto& nodes : {std::vector<Endpoint>{here, elsewhere, here},
                            std::vector<Endpoint>{elsewhere, here, elsewhere}}) {
    const auto session = Session::Connect(network.graph, network.plan, nodes, {});
    ASSERT_FALSE(session);
    EXPECT_EQ(session.error().kind, ErrorKind::kUsage) << session.error().message;
    EXPECT_THAT(session.error().message,
                testing::AllOf(testing::HasSubstr("127.0.0.1:1"), testing::HasSubstr("192.0.2.1"),
                               testing::HasSubstr("--listen")));
  }
}

// Some 80 ms of work, for which it sleeps a hundred times as long.
TEST(NodeLinks, ANodeOfThisProcessMayTakeLongerThanAnotherMachineMay) {
  Sketch sketch;
  const ValueId x = sketch.Input({1, 64, 56, 56});
  const ValueId weights = sketch.Constant("w", Tensor(DType::kF32, {64, 64, 3, 3}));
  const Window window{.kernel = {3, 3}, .pads_begin = {1, 1}, .pads_end = {1, 1}};
  const Graph graph =
      sketch.Finish({sketch.Op(OpType::kConv, "conv", {x, weights}, ConvParams{window})});
  const auto session =
      Session::OpenLocal(graph, SingleNodePlan(graph),
                         {.program = {.kernel = KernelKind::kReference, .throttle = 0.01}});
  ASSERT_TRUE(session) << session.error().message;
  const auto outputs = (*session)->Infer(std::vector{Tensor(DType::kF32, {1, 64, 56, 56})});
  EXPECT_TRUE(outputs) << outputs.error().message;
}

TEST(NodeLinks, ADeadlineOutOfRangeIsRefused) {
  const Network network(1);
  for (const Milliseconds deadline : {Milliseconds(0), Milliseconds(-1), kLongestDeadline * 2}) {
    const auto local = Session::OpenLocal(network.graph, network.plan, {.deadline = deadline});
    ASSERT_FALSE(local);
    EXPECT_EQ(local.error().kind, ErrorKind::kUsage);
    const auto remote =
        Session::Connect(network.graph, network.plan, {{"127.0.0.1", 1}}, {.deadline = deadline});
    ASSERT_FALSE(remote);
    EXPECT_THAT(remote.error().message, testing::HasSubstr("3600 s"));
  }
}

// Weights that no buffers of a network hold: what is not read stops its sender.
struct LargeNetwork {
  LargeNetwork() {
    Sketch sketch;
    const ValueId x = sketch.Input({1, 2048});
    const ValueId weights = sketch.Constant("w", Tensor(DType::kF32, {2048, 4096}));
    graph = sketch.Finish({sketch.Op(OpType::kGemm, "a", {x, weights}, GemmParams{})});
    plan = *MakePlan(graph, {.nodes = 2, .sparsity = 0.5});
  }
  Graph graph;
  Plan plan;
};

TEST(NodeLinks, AShardThatIsHeldUpHoldsUpNoOther) {
  constexpr int64_t kHello = 2000, kShard = 8'000'000;  // bytes: more than one, less than the other
  const LargeNetwork network;
  const LocalServers servers(2);
  std::promise<void> other_has_its_shard;
  std::shared_future<void> go_on = other_has_its_shard.get_future();
  std::once_flag once;
  const Proxy held_up(servers.endpoints[0], [&](int64_t passed) {
    if (passed > kHello) go_on.wait_for(kPatience);
  });
  const Proxy quick(servers.endpoints[1], [&](int64_t passed) {
    if (passed > kShard) std::call_once(once, [&] { other_has_its_shard.set_value(); });
  });
  const auto session =
      Session::Connect(network.graph, network.plan, {held_up.endpoint(), quick.endpoint()},
                       {.deadline = kPatience / 4});
  EXPECT_TRUE(session) << session.error().message;
}

}  // namespace
}  // namespace disco
