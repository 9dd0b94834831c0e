// SPDX-License-Identifier: Apache-2.0
// A node's limits: places, memory, patience. Deadlines here only end a test that hangs.
#include "disco/node/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <thread>

#include "disco/base/hash.h"

#include "disco/node/patience_for_test.h"
#include "disco/node/protocol.h"
#include "disco/node/session.h"
#include "disco/onnx/onnx.h"
#include "disco/op/validate.h"
#include "disco/plan/sketch_for_test.h"
#include "disco/tensor/memory.h"
#include "disco/transport/channel.h"
#include "disco/transport/connect.h"

namespace disco {
namespace {

using testing::HasSubstr;

constexpr Milliseconds kShort{100};

class ServerForTest {
 public:
  explicit ServerForTest(const NodeLimits& limits) {
    auto server = NodeServer::Start({"127.0.0.1", 0}, limits, [](const std::string&) {});
    EXPECT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
    thread_ = std::jthread([this] { EXPECT_TRUE(server_->Run([] { return false; })); });
  }
  ~ServerForTest() { Stop(); }
  // Returns when all sessions have ended.
  void Stop() {
    server_->Stop();
    if (thread_.joinable()) thread_.join();
  }
  Endpoint endpoint() const { return {"127.0.0.1", server_->port()}; }

 private:
  std::unique_ptr<NodeServer> server_;
  std::jthread thread_;
};

// One layer on one node.
struct Network {
  Network() {
    Sketch sketch;
    graph = sketch.Finish({sketch.Conv("a", sketch.Input({1, 2, 3, 3}), 4)});
    plan = SingleNodePlan(graph);
  }
  Result<std::unique_ptr<Session>> Open(const ServerForTest& server) const {
    return Session::Connect(graph, plan, {server.endpoint()}, {.deadline = kTestPatience});
  }
  Graph graph;
  Plan plan;
  std::vector<Tensor> inputs = {NormalTensor("x", {1, 2, 3, 3})};
};

// Says a caller's hello and hears the reply.
Result<Channel> Greet(const Endpoint& node, Bytes shard_size, Milliseconds deadline) {
  const Hello hello{.session = "stranger",
                    .shard_hash = 1,
                    .shard_size = shard_size,
                    .deadline = deadline,
                    .listen = {node}};
  DISCO_ASSIGN(auto stream, Connect(node, Patience()));
  Channel channel(std::move(stream));
  DISCO_TRY(channel.Send({.kind = FrameKind::kHello}, ToJson(hello), Patience()));
  DISCO_TRY(channel.Receive({.kind = FrameKind::kHelloReply, .size = kMaxText}, Patience()));
  return channel;
}

// Tries until it is let in.
Status OpenSoon(const Network& network, const ServerForTest& server) {
  const Deadline deadline = Patience();
  while (true) {
    const auto session = network.Open(server);
    if (session || deadline.Passed()) return session ? Status() : tl::unexpected(session.error());
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

TEST(NodeServer, AShardThatNeverComesFreesItsPlace) {
  const ServerForTest server({.sessions = 1, .patience = kShort});
  const auto silent = Greet(server.endpoint(), Bytes{1'900'000'000}, kShort);
  ASSERT_TRUE(silent) << silent.error().message;
  const Status opened = OpenSoon(Network(), server);
  EXPECT_TRUE(opened) << opened.error().message;
}

TEST(NodeServer, ACallerMaySayThatItsShardTakesLong) {
  const ServerForTest server({.sessions = 1, .patience = kShort, .idle = kTestPatience * 10});
  auto slow = Greet(server.endpoint(), Bytes{1'900'000'000}, kTestPatience);
  ASSERT_TRUE(slow) << slow.error().message;
  std::this_thread::sleep_for(3 * kShort);
  EXPECT_FALSE(slow->stream().HasEnded());
  EXPECT_FALSE(Network().Open(server)) << "its place is taken";
}

TEST(NodeServer, AShardThatNeverComesMakesRoomForAnother) {
  const ServerForTest server({.sessions = 1, .idle = kShort});
  const auto silent = Greet(server.endpoint(), Bytes{1'900'000'000}, kTestPatience * 10);
  ASSERT_TRUE(silent) << silent.error().message;
  EXPECT_TRUE(OpenSoon(Network(), server));
}

TEST(NodeServer, ACallerThatGoesFreesItsPlaceAtOnce) {
  const ServerForTest server({.sessions = 1, .patience = kTestPatience});
  ASSERT_TRUE(Greet(server.endpoint(), Bytes{1'900'000'000}, kTestPatience));  // and closes
  EXPECT_TRUE(OpenSoon(Network(), server));
}

TEST(NodeServer, ASilentSessionMakesRoomAndIsToldWhy) {
  const ServerForTest server({.sessions = 1, .idle = kShort});
  const Network network;
  const auto first = network.Open(server);
  ASSERT_TRUE(first) << first.error().message;
  ASSERT_TRUE((*first)->Infer(network.inputs));
  const Status second = OpenSoon(network, server);
  ASSERT_TRUE(second) << second.error().message;
  const auto outputs = (*first)->Infer(network.inputs);
  ASSERT_FALSE(outputs);
  EXPECT_EQ(outputs.error().kind, ErrorKind::kPeer) << outputs.error().message;
}

TEST(NodeServer, ASessionAtWorkKeepsItsPlace) {
  const ServerForTest server({.sessions = 1, .idle = kTestPatience});
  const Network network;
  const auto first = network.Open(server);
  ASSERT_TRUE(first);
  const auto second = network.Open(server);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, HasSubstr("busy"));
  EXPECT_TRUE((*first)->Infer(network.inputs));
}

TEST(NodeServer, StoppingEndsSessionsInEveryState) {
  ServerForTest server({.patience = kTestPatience});
  const Network network;
  const auto greeted = Greet(server.endpoint(), Bytes{1'000'000}, kTestPatience);  // owes its shard
  const auto open = network.Open(server);
  ASSERT_TRUE(greeted);
  ASSERT_TRUE(open);
  const auto start = Clock::now();
  server.Stop();
  EXPECT_LT(Since(start), kTestPatience / 2);
  EXPECT_FALSE((*open)->Infer(network.inputs));
}

TEST(NodeServer, MemoryIsThatOfAllSessionsTogether) {
  const Network network;
  const ServerForTest server({.sessions = 100, .memory = Bytes{40 << 20}});
  std::vector<std::unique_ptr<Session>> sessions;
  while (sessions.size() < 50) {
    auto session = network.Open(server);
    if (!session) {
      EXPECT_THAT(session.error().message, HasSubstr("--memory"));
      break;
    }
    sessions.push_back(std::move(*session));
  }
  EXPECT_GT(sessions.size(), 0u);
  EXPECT_LT(sessions.size(), 50u);
  sessions.clear();
  EXPECT_TRUE(OpenSoon(network, server)) << "what a session held is there for the next";
}

// Sends `shard` as a caller does and returns what the node says to it.
Status SendShard(const Endpoint& node, const std::string& shard) {
  const Hello hello{.session = "hostile",
                    .shard_hash = Hash(std::as_bytes(std::span(shard))),
                    .shard_size = Bytes{static_cast<int64_t>(shard.size())},
                    .deadline = kTestPatience,
                    .listen = {node}};
  DISCO_ASSIGN(auto stream, Connect(node, Patience()));
  Channel channel(std::move(stream));
  DISCO_TRY(channel.Send({.kind = FrameKind::kHello}, ToJson(hello), Patience()));
  DISCO_TRY(channel.Receive({.kind = FrameKind::kHelloReply, .size = kMaxText}, Patience()));
  DISCO_TRY(channel.Send({.kind = FrameKind::kShard}, shard, Patience()));
  DISCO_TRY(channel.Receive({.kind = FrameKind::kReady, .size = kMaxText}, Patience()));
  return {};
}

// Each fails at another point of its load.
std::vector<std::string> ShardsThatFail() {
  std::vector<std::string> shards;
  for (const int64_t elements : {int64_t{1} << 20, int64_t{1} << 40, int64_t{-1}}) {
    Graph graph;
    graph.metadata[kShardPlanKey] = HashText(0);
    const ValueId size = graph.AddConstant("n", Tensor::Indices({elements}));
    const ValueId fill = graph.AddOp(OpType::kConstantOfShape, "fill", {size}, FillParams{1});
    graph.inputs = {graph.AddValue("x", DType::kF32, {3, 1})};
    graph.outputs = {graph.AddOp(OpType::kMatMul, "y", {graph.inputs[0], fill})};
    shards.push_back(*SerializeOnnx(graph));
  }
  shards.push_back(shards[0].substr(0, shards[0].size() / 2));
  shards.emplace_back(100'000, 'x');
  Graph large;
  large.metadata[kShardPlanKey] = HashText(0);
  large.inputs = {large.AddValue("x", DType::kF32, {1, 1 << 30})};
  large.outputs = {large.AddOp(OpType::kRelu, "y", {large.inputs[0]})};
  shards.push_back(*SerializeOnnx(large));
  large.metadata[kShardPlanKey] = HashText(1);
  shards.push_back(*SerializeOnnx(large));
  return shards;
}

TEST(NodeServer, AThousandShardsThatFailGiveAllMemoryBack) {
  if (IsMemoryGuarded()) GTEST_SKIP() << "with guard pages each buffer is mapped by itself";
  Sketch sketch;
  const Graph graph = sketch.Finish({sketch.Op(OpType::kRelu, "y", {sketch.Input({1, 1 << 20})})});
  const auto open = [&](const ServerForTest& server) {
    return Session::Connect(graph, SingleNodePlan(graph), {server.endpoint()},
                            {.deadline = kTestPatience});
  };
  const Bytes memory{36 << 20};  // of which the session takes all but a little
  const ServerForTest smaller({.memory = memory - Bytes{5 << 20}});
  EXPECT_FALSE(open(smaller));
  const ServerForTest server({.sessions = 100, .memory = memory});
  const std::vector<std::string> shards = ShardsThatFail();
  {
    std::vector<std::jthread> callers;
    for (size_t caller = 0; caller < 4; ++caller) {
      callers.emplace_back([&, caller] {
        for (size_t i = caller; i < 1000; i += 4)
          EXPECT_FALSE(SendShard(server.endpoint(), shards[i % shards.size()])) << i;
      });
    }
  }
  const Deadline deadline = Patience();
  auto session = open(server);
  while (!session && !deadline.Passed()) session = open(server);  // the last is on its way out
  EXPECT_TRUE(session) << session.error().message;
}

TEST(NodeServer, AHelloThatIsNotValidIsRefusedWithTheReason) {
  const ServerForTest server({});
  auto stream = Connect(server.endpoint(), Patience());
  ASSERT_TRUE(stream) << stream.error().message;
  Channel channel(std::move(*stream));
  ASSERT_TRUE(channel.Send({.kind = FrameKind::kHello}, "{\"role\":\"node\"}", Patience()));
  const auto told = channel.Receive({.kind = FrameKind::kHelloReply, .size = kMaxText}, Patience());
  ASSERT_FALSE(told);
  EXPECT_THAT(told.error().message, HasSubstr("hello message"));
}

TEST(NodeServer, ManyWarningsAreNoReasonToFail) {
  Sketch sketch;
  ValueId x = sketch.Input({1, 2, 3, 3});
  const std::string letters(100, 'x');
  for (int i = 0; i < 200; ++i) {  // oneDNN has no LRN of even size
    x = sketch.Op(OpType::kLrn, letters + std::to_string(i), {x}, LrnParams{.size = 2});
  }
  const Graph graph = sketch.Finish({x});
  const ServerForTest server({});
  const auto session = Session::Connect(graph, SingleNodePlan(graph), {server.endpoint()},
                                        {.deadline = kTestPatience});
  ASSERT_TRUE(session) << session.error().message;
  const std::vector<std::string>& warnings = (*session)->statistics()[0].warnings;
  ASSERT_FALSE(warnings.empty());
  EXPECT_THAT(warnings.back(), HasSubstr("180 more"));
}

}  // namespace
}  // namespace disco
