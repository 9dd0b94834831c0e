// SPDX-License-Identifier: Apache-2.0
// The property the project stands on: N nodes compute what one node computes, and send what was
// predicted. For random networks, numbers of nodes, shares and masks; both kernels; memory and TCP,
// shaped and not.
#include "disco/base/random.h"
#include "disco/cost/estimate.h"
#include "disco/node/session.h"
#include "disco/onnx/onnx.h"
#include "disco/op/infer_shapes.h"
#include "disco/op/work.h"
#include "disco/plan/assignment.h"
#include "disco/plan/calibrate.h"
#include "disco/plan/make_plan.h"
#include "disco/plan/mask.h"
#include "disco/plan/plan_file.h"
#include "disco/shard/cut_for_test.h"
#include "tests/compare.h"
#include "tests/local_servers.h"
#include "tests/random_network.h"

namespace disco {
namespace {

constexpr double kTolerance = 1e-4;
constexpr Milliseconds kPatience{60000};  // sanitizers are slow; no verdict depends on it

struct Case {
  Graph graph;
  Plan plan;
  std::vector<Tensor> inputs;
};

PlanOptions RandomOptions(Random& random) {
  constexpr int kNodes[] = {1, 2, 2, 3, 4, 5, 7, 16};
  constexpr Method kMethods[] = {Method::kDense, Method::kDisco, Method::kDisco, Method::kRandom,
                                 Method::kBranches};
  constexpr double kSparsities[] = {0, 0.5, 0.8, 0.9, 0.99};
  PlanOptions options{.nodes = kNodes[random.Below(8)],
                      .method = {kMethods[random.Below(5)], ""},
                      .sparsity = kSparsities[random.Below(5)],
                      .allow_empty = random.Uniform() < 0.3,
                      .seed = random()};
  if (random.Uniform() < 0.4) {
    double total = 0;
    for (int node = 0; node < options.nodes; ++node)
      total += options.shares.emplace_back(random.Uniform(0.2, 1));
    for (double& share : options.shares) share /= total;
  }
  return options;
}

// What was drawn, as its files would say it: through ONNX and plan.json and back.
Case MakeCase(uint64_t seed) {
  RandomNetwork network(seed);
  Case drawn{.graph = network.Make()};
  drawn.inputs = network.MakeInputs(drawn.graph);
  Random random(seed, 2);
  auto plan = MakePlan(drawn.graph, RandomOptions(random));
  EXPECT_TRUE(plan) << plan.error().message;
  for (auto& [name, value] : plan->values) {
    value.call = random.Uniform() < 0.5 ? MixingCall::kSplit : MixingCall::kFused;
    value.with_next = value.read_foreign && random.Uniform() < 0.5;
  }
  plan = PlanFromJson(PlanToJson(*plan));
  EXPECT_TRUE(plan) << plan.error().message;
  drawn.plan = *plan;
  const auto bytes = SerializeOnnx(drawn.graph);
  EXPECT_TRUE(bytes) << bytes.error().message;
  auto reread = ParseOnnx(std::as_bytes(std::span(*bytes)));
  EXPECT_TRUE(reread) << reread.error().message;
  EXPECT_TRUE(InferShapes(*reread));
  drawn.graph = std::move(*reread);
  return drawn;
}

std::vector<Tensor> Expected(const Case& drawn) {
  Graph masked = drawn.graph;
  ApplyMask(masked, drawn.plan);
  return RunOracle(masked, drawn.inputs);
}

void ExpectPredictedBytes(const Session& session, const Estimate& estimate) {
  for (size_t node = 0; node < session.statistics().size(); ++node) {
    const NodeStatistics& statistics = session.statistics()[node];
    EXPECT_EQ(statistics.sent, statistics.planned_sent) << "node " << node;
    EXPECT_EQ(statistics.received, statistics.planned_received) << "node " << node;
    EXPECT_EQ(statistics.sent, estimate.sent.sent[node]) << "node " << node;
    EXPECT_EQ(statistics.received, estimate.sent.received[node]) << "node " << node;
  }
}

void ExpectSameAnswer(Session& session, const Case& drawn, const std::vector<Tensor>& expected,
                      double tolerance = kTolerance) {
  const Estimate estimate =
      *EstimateCost(*Bind(drawn.graph, drawn.plan), {.link = {1}, .compute = {1}});
  for (int repeat = 0; repeat < 2; ++repeat) {
    const auto outputs = session.Infer(drawn.inputs);
    ASSERT_TRUE(outputs) << outputs.error().message;
    ExpectClose(*outputs, expected, tolerance);
    ExpectPredictedBytes(session, estimate);
  }
}

class RandomNetworks : public testing::TestWithParam<uint64_t> {};

TEST_P(RandomNetworks, InMemoryWithBothKernels) {
  const Case drawn = MakeCase(GetParam());
  const std::vector<Tensor> expected = Expected(drawn);
  for (const KernelKind kernel : {KernelKind::kReference, KernelKind::kOneDnn}) {
    SCOPED_TRACE(kernel == KernelKind::kReference ? "reference" : "onednn");
    const auto session = Session::OpenLocal(drawn.graph, drawn.plan,
                                            {.program = {.kernel = kernel}, .deadline = kPatience});
    ASSERT_TRUE(session) << session.error().message;
    ExpectSameAnswer(**session, drawn, expected);
  }
}

// The work that is predicted is the work that the shards hold.
TEST_P(RandomNetworks, ShardsHoldThePredictedWork) {
  const Case drawn = MakeCase(GetParam());
  const auto cut = CutFor(drawn.graph, drawn.plan);
  ASSERT_TRUE(cut) << cut.error().message;
  const BoundPlan bound = *Bind(drawn.graph, drawn.plan);
  for (NodeId node = 0; node < drawn.plan.nodes; ++node) {
    Macs predicted;
    for (size_t op = 0; op < drawn.graph.ops.size(); ++op) {
      predicted += NodeMacs(bound, static_cast<OpId>(op), node);
    }
    EXPECT_EQ(MacsOf(cut->shards[static_cast<size_t>(node)]).value, predicted.value)
        << "node " << node;
  }
}

// Every value of the network, by name, as one node computes it.
std::map<std::string, Tensor> AllValues(Graph graph, const std::vector<Tensor>& inputs) {
  graph.outputs.clear();
  std::vector<std::string> names;
  for (const Op& op : graph.ops) {
    graph.outputs.push_back(op.outputs[0]);
    names.push_back(graph.value(op.outputs[0]).name);
  }
  std::vector<Tensor> values = RunOracle(graph, inputs);
  std::map<std::string, Tensor> by_name;
  for (size_t i = 0; i < names.size(); ++i) by_name[names[i]] = std::move(values[i]);
  return by_name;
}

// Features travel as fewer bits: the answer is near, and the bytes are still those predicted.
TEST_P(RandomNetworks, OverNarrowWires) {
  Case drawn = MakeCase(GetParam());
  const std::vector<Tensor> expected = Expected(drawn);
  Graph masked = drawn.graph;
  ApplyMask(masked, drawn.plan);
  Calibration calibration(drawn.plan);
  const auto values = AllValues(masked, drawn.inputs);
  for (size_t i = 0; i < calibration.names().size(); ++i)
    EXPECT_TRUE(calibration.Add(i, values.at(calibration.names()[i])));
  for (const bool eight_bits : {false, true}) {
    SCOPED_TRACE(eight_bits ? "int8" : "fp16");
    drawn.plan = eight_bits ? calibration.Apply(drawn.plan) : WithWire(drawn.plan, WireType::kF16);
    for (const KernelKind kernel : {KernelKind::kReference, KernelKind::kOneDnn}) {
      const auto session = Session::OpenLocal(
          drawn.graph, drawn.plan, {.program = {.kernel = kernel}, .deadline = kPatience});
      ASSERT_TRUE(session) << session.error().message;
      ExpectSameAnswer(**session, drawn, expected, eight_bits ? 0.2 : 5e-3);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomNetworks, testing::Range<uint64_t>(0, 120));

// Slow enough that messages wait for their time, and some for a second try.
constexpr LinkShape kSlowLinks{.bandwidth = {50e6},
                               .latency = Milliseconds(0.2),
                               .jitter = Milliseconds(0.3),
                               .loss = 0.02,
                               .retry = Milliseconds(1),
                               .seed = 5};

class RandomNetworksOverSlowLinks : public testing::TestWithParam<uint64_t> {};

TEST_P(RandomNetworksOverSlowLinks, GiveTheSameAnswer) {
  const Case drawn = MakeCase(GetParam());
  const std::vector<Tensor> expected = Expected(drawn);
  SessionOptions options{.deadline = kPatience, .shape = kSlowLinks};
  LocalServers servers(drawn.plan.nodes);
  const auto remote = Session::Connect(drawn.graph, drawn.plan, servers.endpoints, options);
  ASSERT_TRUE(remote) << remote.error().message;
  ExpectSameAnswer(**remote, drawn, expected);
  Random random(GetParam(), 3);
  for (NodeId node = 0; node < drawn.plan.nodes; ++node)
    options.throttles.push_back(random.Uniform(0.3, 1));
  const auto local = Session::OpenLocal(drawn.graph, drawn.plan, options);
  ASSERT_TRUE(local) << local.error().message;
  ExpectSameAnswer(**local, drawn, expected);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomNetworksOverSlowLinks, testing::Range<uint64_t>(2000, 2012));

class RandomNetworksOverTcp : public testing::TestWithParam<uint64_t> {};

TEST_P(RandomNetworksOverTcp, GiveTheSameAnswer) {
  const Case drawn = MakeCase(GetParam());
  const std::vector<Tensor> expected = Expected(drawn);
  LocalServers servers(drawn.plan.nodes);
  for (const KernelKind kernel :
       {KernelKind::kOneDnn, KernelKind::kReference}) {  // the second finds its shards cached
    const auto session = Session::Connect(drawn.graph, drawn.plan, servers.endpoints,
                                          {.program = {.kernel = kernel}, .deadline = kPatience});
    ASSERT_TRUE(session) << session.error().message;
    ExpectSameAnswer(**session, drawn, expected);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomNetworksOverTcp, testing::Range<uint64_t>(1000, 1020));

TEST(Session, RefusesAnInputOfAnotherShape) {
  const Case drawn = MakeCase(3);
  const auto session = Session::OpenLocal(drawn.graph, drawn.plan, {});
  ASSERT_TRUE(session) << session.error().message;
  const auto outputs = (*session)->Infer(std::vector<Tensor>{Tensor(DType::kF32, {1, 2, 3})});
  ASSERT_FALSE(outputs);
  EXPECT_NE(outputs.error().message.find("input 'input'"), std::string::npos)
      << outputs.error().message;
  EXPECT_TRUE((*session)->Infer(drawn.inputs)) << "a wrong input must not end the session";
}

TEST(Plan, OfAnotherNetworkIsRefusedByOp) {
  const Case a = MakeCase(5), b = MakeCase(6);
  const auto cut = CutFor(a.graph, b.plan);
  ASSERT_FALSE(cut);
  EXPECT_NE(cut.error().message.find("op '"), std::string::npos) << cut.error().message;
}

}  // namespace
}  // namespace disco
