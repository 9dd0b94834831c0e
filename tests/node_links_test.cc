// SPDX-License-Identifier: Apache-2.0
// Links as people have them: slow, several nodes at one endpoint, endpoints that only some can
// reach.
#include <gmock/gmock.h>

#include "disco/node/session.h"
#include "disco/plan/make_plan.h"
#include "disco/plan/sketch_for_test.h"
#include "disco/zoo/zoo.h"
#include "tests/compare.h"
#include "tests/local_servers.h"

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
  const LocalServers servers(1);
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

}  // namespace
}  // namespace disco
