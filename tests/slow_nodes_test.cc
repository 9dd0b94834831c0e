// SPDX-License-Identifier: Apache-2.0
// Sessions over shaped links and on throttled nodes. Verdicts on time are one-sided: at least as
// slow as was asked for.
#include <gmock/gmock.h>

#include "disco/node/session.h"
#include "disco/plan/make_plan.h"
#include "disco/plan/sketch_for_test.h"
#include "tests/local_servers.h"

namespace disco {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr Milliseconds kPatience{60'000};

// Two layers on two nodes, each of which sends what it has of the first.
struct Network {
  Network() {
    Sketch sketch;
    const ValueId a = sketch.Conv("a", sketch.Input({1, 4, 16, 16}), 8);
    graph = sketch.Finish({sketch.Conv("b", a, 8)});
    plan = *MakePlan(graph, {.nodes = 2, .method = {Method::kDense, ""}});
  }
  Graph graph;
  Plan plan;
  std::vector<Tensor> inputs = {NormalTensor("x", {1, 4, 16, 16})};
};

enum class Where { kHere, kServers };
class SlowNodes : public testing::TestWithParam<Where> {
 protected:
  Result<std::unique_ptr<Session>> Open(const SessionOptions& options) {
    if (GetParam() == Where::kHere)
      return Session::OpenLocal(network_.graph, network_.plan, options);
    return Session::Connect(network_.graph, network_.plan, servers_.endpoints, options);
  }
  const Network network_;
  const LocalServers servers_{2};
};
INSTANTIATE_TEST_SUITE_P(All, SlowNodes, testing::Values(Where::kHere, Where::kServers),
                         [](const auto& where) {
                           return where.param == Where::kHere ? "here" : "servers";
                         });

TEST_P(SlowNodes, AnAnswerTakesAsLongAsItsMessages) {
  // Half of a's features: 4 * 16 * 16 floats, and the frame, at 1 MB/s.
  const Milliseconds travel(4.096 + 0.048 + 20);
  const auto session = Open(
      {.deadline = kPatience, .shape = LinkShape{.bandwidth = {1e6}, .latency = Milliseconds(20)}});
  ASSERT_TRUE(session) << session.error().message;
  for (int repeat = 0; repeat < 2; ++repeat) {
    ASSERT_TRUE((*session)->Infer(network_.inputs));
    EXPECT_GE((*session)->last_duration(), travel);
    for (const NodeStatistics& node : (*session)->statistics()) {
      EXPECT_EQ(node.sent, Bytes{4096});
      EXPECT_EQ(node.sent, node.planned_sent);
    }
  }
}

TEST_P(SlowNodes, AMessageBeyondTheDeadlineIsNamed) {
  const auto session =
      Open({.deadline = Milliseconds(2000), .shape = LinkShape{.latency = Milliseconds(60'000)}});
  ASSERT_TRUE(session) << session.error().message;
  const auto outputs = (*session)->Infer(network_.inputs);
  ASSERT_FALSE(outputs);
  EXPECT_THAT(outputs.error().message,
              AllOf(HasSubstr("node 0"), HasSubstr("node 1"), HasSubstr("shape")));
}

// What the nodes computed in the quickest of some inferences.
Result<Milliseconds> ComputeTime(Session& session, const Network& network, int inferences) {
  session.AskForSteps(true);
  Milliseconds least{1e9};
  for (int i = 0; i < inferences; ++i) {
    DISCO_TRY(session.Infer(network.inputs));
    Milliseconds time{0};
    for (const NodeStep& step : session.steps()[1]) {
      if (step.kind == StepKind::kCompute) time += step.end - step.start;
    }
    least = std::min(least, time);
  }
  return least;
}

TEST(Throttle, OfOneNodeIsFeltThere) {
  const Network network;
  const LocalServers full(1), slow(1, {.patience = kPatience, .throttle = 0.01});
  const SessionOptions patient{.deadline = kPatience};
  SessionOptions throttled = patient;
  throttled.throttles = {1, 0.01};
  const auto quick = Session::OpenLocal(network.graph, network.plan, patient);
  const auto here = Session::OpenLocal(network.graph, network.plan, throttled);
  const auto there = Session::Connect(network.graph, network.plan,
                                      {full.endpoints[0], slow.endpoints[0]}, patient);
  for (const auto* session : {&quick, &here, &there})
    ASSERT_TRUE(*session) << session->error().message;
  const auto least = ComputeTime(**quick, network, 20);
  ASSERT_TRUE(least) << least.error().message;
  for (const auto* session : {&here, &there}) {
    const auto time = ComputeTime(***session, network, 1);
    ASSERT_TRUE(time) << time.error().message;
    EXPECT_GE(*time, 10 * *least);
  }
}

TEST(Throttle, IsOnePerNodeAndANodesOwnAffair) {
  const Network network;
  const LocalServers servers(2);
  const auto one = Session::OpenLocal(network.graph, network.plan, {.throttles = {0.5}});
  ASSERT_FALSE(one);
  EXPECT_THAT(one.error().message, HasSubstr("1 throttles for 2 nodes"));
  SessionOptions each{.throttles = {1, 0.5}}, all;
  all.program.throttle = 0.5;
  for (const SessionOptions& options : {each, all}) {
    const auto there = Session::Connect(network.graph, network.plan, servers.endpoints, options);
    ASSERT_FALSE(there);
    EXPECT_EQ(there.error().kind, ErrorKind::kUsage);
    EXPECT_THAT(there.error().message, HasSubstr("disco node --throttle"));
  }
}

}  // namespace
}  // namespace disco
