// SPDX-License-Identifier: Apache-2.0
// Nodes with keys: the same answers, and no place for who has no keys. Deadlines here only end a
// test that hangs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "disco/base/random.h"
#include "disco/node/loopback_nodes.h"
#include "disco/node/patience_for_test.h"
#include "disco/node/session.h"
#include "disco/plan/make_plan.h"
#include "disco/plan/sketch_for_test.h"
#include "disco/transport/connect.h"
#include "disco/transport/keys_for_test.h"

namespace disco {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr int kThree = 3;

struct TwoLayers {
  TwoLayers() {
    Sketch sketch;
    const ValueId x = sketch.Conv("a", sketch.Input({1, 6, 5, 5}), 6);
    graph = sketch.Finish({sketch.Conv("b", x, 6)});
    plan = *MakePlan(graph, {.nodes = kThree, .sparsity = 0.3});
  }
  Result<std::vector<Tensor>> Run(const std::vector<Endpoint>& nodes,
                                  const SharedKeys& keys) const {
    DISCO_ASSIGN(const auto session,
                 Session::Connect(graph, plan, nodes, {.deadline = kTestPatience, .keys = keys}));
    return session->Infer(inputs);
  }
  Graph graph;
  Plan plan;
  std::vector<Tensor> inputs = {NormalTensor("x", {1, 6, 5, 5})};
};

std::unique_ptr<LoopbackNodes> StartNodes(const SharedKeys& keys) {
  return *LoopbackNodes::Start(std::vector<NodeLimits>(kThree), keys);
}

TEST(SecuredNodes, AnswerAsInPlainText) {
  const ClusterForTest cluster;
  const TwoLayers network;
  const auto secured = StartNodes(cluster.keys()), plain = StartNodes(nullptr);
  const auto expected = network.Run(plain->endpoints(), nullptr);
  const auto outputs = network.Run(secured->endpoints(), cluster.MemberKeys("caller"));
  ASSERT_TRUE(expected) << expected.error().message;
  ASSERT_TRUE(outputs) << outputs.error().message;
  EXPECT_TRUE(std::ranges::equal(outputs->at(0).bytes(), expected->at(0).bytes()));
}

TEST(SecuredNodes, ACallerWithoutTheRightKeysIsToldWhatToDo) {
  const ClusterForTest ours, theirs;
  const TwoLayers network;
  const auto secured = StartNodes(ours.keys()), plain = StartNodes(nullptr);
  const auto expect_told = [&](const LoopbackNodes& nodes, const SharedKeys& keys,
                               const std::string& what) {
    const auto outputs = network.Run(nodes.endpoints(), keys);
    ASSERT_FALSE(outputs);
    EXPECT_THAT(outputs.error().message, AllOf(HasSubstr("node "), HasSubstr(what)));
  };
  expect_told(*secured, nullptr, "--keys DIR");
  expect_told(*secured, theirs.keys(), "another authority");
  expect_told(*plain, ours.keys(), "speaks plain text");
  EXPECT_TRUE(network.Run(secured->endpoints(), ours.keys())) << "the others did no harm";
}

TEST(SecuredNodes, NoiseAndSilenceDoNoHarm) {
  const ClusterForTest cluster;
  const TwoLayers network;
  const auto secured = StartNodes(cluster.keys());
  Random random(7);
  std::vector<std::byte> noise(20'000);
  std::vector<std::unique_ptr<Stream>> silent;
  for (int round = 0; round < 100; ++round) {
    auto stream = Connect(secured->endpoints()[0], Patience());
    ASSERT_TRUE(stream) << stream.error().message;
    for (std::byte& byte : noise) byte = static_cast<std::byte>(random());
    if (round % 2 == 0) noise[0] = std::byte{22};  // what a handshake begins with
    if (round % 4 == 0) noise[1] = noise[2] = std::byte{3};
    if (round % 5 != 0)
      static_cast<void>(SendAll(**stream, noise, Deadline::In(Milliseconds(200))));
    if (silent.size() < 40) silent.push_back(std::move(*stream));
  }
  const auto outputs = network.Run(secured->endpoints(), cluster.keys());
  EXPECT_TRUE(outputs) << outputs.error().message;
}

TEST(SecuredNodes, AreAMustWhereOtherMachinesCanConnect) {
  const ClusterForTest cluster;
  const auto start = [](const std::string& host, const NodeSecurity& security) {
    return NodeServer::Start({host, 0}, {}, [](const std::string&) {}, security);
  };
  const auto refused = start("0.0.0.0", {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kUsage);
  EXPECT_THAT(refused.error().message,
              AllOf(HasSubstr("--keys"), HasSubstr("disco keys init"), HasSubstr("--insecure")));
  EXPECT_TRUE(start("0.0.0.0", {.insecure = true}));
  EXPECT_TRUE(start("0.0.0.0", {.keys = cluster.keys()}));
  EXPECT_TRUE(start("127.0.0.1", {}));
  EXPECT_TRUE(start("localhost", {}));
}

}  // namespace
}  // namespace disco
