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
