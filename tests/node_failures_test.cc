// SPDX-License-Identifier: Apache-2.0
// Nodes that die, stall or are attacked: the caller gets an error naming the node before its
// deadline; the others live on and take the next caller.
#include <thread>

#include "disco/base/hash.h"
#include "disco/base/random.h"
#include "disco/node/hostile_node_for_test.h"
#include "disco/node/protocol.h"
#include "disco/node/session.h"
#include "disco/onnx/onnx.h"
#include "disco/plan/make_plan.h"
#include "disco/shard/cut_for_test.h"
#include "disco/transport/channel.h"
#include "disco/transport/connect.h"
#include "disco/transport/keys_for_test.h"
#include "disco/transport/socket.h"
#include "disco/transport/tcp_stream.h"
#include "disco/zoo/zoo.h"
#include "tests/compare.h"
#include "tests/node_process.h"

namespace disco {
namespace {

constexpr Milliseconds kPatience{20000};
constexpr Milliseconds kShort{2000};

struct Network {
  Graph graph = *MakeZooNetwork({.name = "resnet8", .width = {2, 1}});
  Plan plan = *MakePlan(graph, {.nodes = 2, .sparsity = 0.8});
  std::vector<Tensor> inputs = {Tensor(DType::kF32, graph.value(graph.inputs[0]).shape)};
};

std::vector<Endpoint> EndpointsOf(const NodeProcess& a, const NodeProcess& b) {
  return {a.endpoint(), b.endpoint()};
}

std::unique_ptr<Session> Open(const Network& network, const std::vector<Endpoint>& nodes,
                              Milliseconds deadline) {
  auto session = Session::Connect(network.graph, network.plan, nodes, {.deadline = deadline});
  EXPECT_TRUE(session) << session.error().message;
  return session ? std::move(*session) : nullptr;
}

void ExpectAnswers(const Network& network, const std::vector<Endpoint>& nodes) {
  const auto session = Open(network, nodes, kPatience);
  ASSERT_NE(session, nullptr);
  const auto outputs = session->Infer(network.inputs);
  EXPECT_TRUE(outputs) << outputs.error().message;
}

// Errors name node 1, by its number or its address.
void ExpectNamesNodeOne(const Error& error, const NodeProcess& node) {
  const bool named = error.message.find("node 1") != std::string::npos ||
                     error.message.find(ToString(node.endpoint())) != std::string::npos;
  EXPECT_TRUE(named) << error.message;
}

TEST(NodeFailures, AKilledNodeIsNamedAndTheOtherLivesOn) {
  const Network network;
  const NodeProcess zero;
  uint16_t port = 0;
  {
    const NodeProcess one;
    port = one.endpoint().port;
    const auto session = Open(network, EndpointsOf(zero, one), kPatience);
    ASSERT_TRUE(session->Infer(network.inputs));
    one.Signal(SIGKILL);
    const auto start = Clock::now();
    const auto outputs = session->Infer(network.inputs);
    ASSERT_FALSE(outputs);
    EXPECT_LT(Since(start), kPatience);
    ExpectNamesNodeOne(outputs.error(), one);
    const auto again = session->Infer(network.inputs);
    ASSERT_FALSE(again);
    EXPECT_NE(again.error().message.find("open a new one"), std::string::npos)
        << again.error().message;
  }
  EXPECT_TRUE(zero.Alive());
  const NodeProcess successor(port);
  ExpectAnswers(network, EndpointsOf(zero, successor));
}

TEST(NodeFailures, AStoppedNodeIsNamedBeforeTheDeadline) {
  const Network network;
  const NodeProcess zero, one;
  const auto session = Open(network, EndpointsOf(zero, one), kShort);
  ASSERT_TRUE(session->Infer(network.inputs));
  one.Stop();
  const auto start = Clock::now();
  const auto outputs = session->Infer(network.inputs);
  ASSERT_FALSE(outputs);
  EXPECT_LT(Since(start), kShort * 1.5);
  ExpectNamesNodeOne(outputs.error(), one);
  one.Signal(SIGCONT);
  ExpectAnswers(network, EndpointsOf(zero, one));
}

TEST(NodeFailures, AStoppedNodeIsNamedWhileOpening) {
  const Network network;
  const NodeProcess zero, one;
  one.Stop();
  const auto session =
      Session::Connect(network.graph, network.plan, EndpointsOf(zero, one), {.deadline = kShort});
  ASSERT_FALSE(session);
  ExpectNamesNodeOne(session.error(), one);
  one.Signal(SIGCONT);
  ExpectAnswers(network, EndpointsOf(zero, one));
}

// A node that is stopped does not shake hands either.
TEST(NodeFailures, WithKeysAStoppedAndAKilledNodeAreNamedAsWell) {
  const Network network;
  const ClusterForTest cluster;
  const std::vector<std::string> with_keys = {"--keys", cluster.folder().string()};
  const NodeProcess zero(0, with_keys), one(0, with_keys);
  const auto open = [&](Milliseconds deadline) {
    return Session::Connect(network.graph, network.plan, EndpointsOf(zero, one),
                            {.deadline = deadline, .keys = cluster.keys()});
  };
  one.Stop();
  const auto start = Clock::now();
  const auto stopped = open(kShort);
  ASSERT_FALSE(stopped);
  EXPECT_LT(Since(start), kShort * 1.5);
  ExpectNamesNodeOne(stopped.error(), one);
  one.Signal(SIGCONT);
  const auto session = open(kPatience);
  ASSERT_TRUE(session) << session.error().message;
  ASSERT_TRUE((*session)->Infer(network.inputs));
  one.Signal(SIGKILL);
  const auto outputs = (*session)->Infer(network.inputs);
  ASSERT_FALSE(outputs);
  ExpectNamesNodeOne(outputs.error(), one);
}

TEST(NodeFailures, NobodyThereIsNamedWithTheCommandToStartIt) {
  const Network network;
  const NodeProcess zero;
  Endpoint nowhere;
  {
    const NodeProcess gone;
    nowhere = gone.endpoint();
  }
  const auto session = Session::Connect(network.graph, network.plan, {zero.endpoint(), nowhere},
                                        {.deadline = kShort});
  ASSERT_FALSE(session);
  EXPECT_NE(session.error().message.find("disco node --listen"), std::string::npos)
      << session.error().message;
}

Result<Channel> OpenChannel(const NodeProcess& node) {
  DISCO_ASSIGN(auto stream, Connect(node.endpoint(), Deadline::In(kPatience)));
  return Channel(std::move(stream));
}

TEST(NodeFailures, AShardOfAnotherPlanIsRefused) {
  const Network network;
  const NodeProcess zero, one;
  ExpectAnswers(network, EndpointsOf(zero, one));  // now both hold their shards
  const auto cut = CutFor(network.graph, network.plan);
  ASSERT_TRUE(cut);
  const auto shard = SerializeOnnx(cut->shards[0]);
  const Hello hello{.session = "anotherplan",
                    .nodes = 2,
                    .shard_hash = Hash(std::as_bytes(std::span(*shard))),
                    .shard_size = Bytes{static_cast<int64_t>(shard->size())},
                    .deadline = kShort,
                    .listen = EndpointsOf(zero, one)};
  const Deadline deadline = Deadline::In(kPatience);
  auto channel = OpenChannel(zero);
  ASSERT_TRUE(channel);
  ASSERT_TRUE(channel->Send({.kind = FrameKind::kHello, .plan_hash = cut->plan_hash + 1},
                            ToJson(hello), deadline));
  FrameHeader expected{
      .kind = FrameKind::kHelloReply, .plan_hash = cut->plan_hash + 1, .size = kMaxText};
  ASSERT_TRUE(channel->Receive(expected, deadline));
  expected.kind = FrameKind::kReady;
  const auto ready = channel->Receive(expected, deadline);
  ASSERT_FALSE(ready);
  EXPECT_NE(ready.error().message.find("plan"), std::string::npos) << ready.error().message;
  ExpectAnswers(network, EndpointsOf(zero, one));
}

TEST(NodeFailures, RandomBytesAndPortScansDoNoHarm) {
  const Network network;
  const NodeProcess zero, one;
  ExpectAnswers(network, EndpointsOf(zero, one));
  const int64_t before = zero.Resident();
  Random random(7);
  std::vector<std::byte> noise(20000);
  for (int round = 0; round < 300; ++round) {
    const auto stream = Connect(zero.endpoint(), Deadline::In(kPatience));
    ASSERT_TRUE(stream) << stream.error().message;
    if (round % 3 == 0) continue;  // a port scan
    for (std::byte& byte : noise) byte = static_cast<std::byte>(random());
    if (round % 3 == 2) {  // a well-formed frame that announces more than anyone has
      const auto frame = EncodeFrame({.kind = FrameKind::kHello, .size = uint64_t{1} << 50});
      std::copy(frame.begin(), frame.end(), noise.begin());
    }
    // The node may have hung up already.
    static_cast<void>(SendAll(**stream, noise, Deadline::In(Milliseconds(200))));
  }
  EXPECT_TRUE(zero.Alive());
  ExpectAnswers(network, EndpointsOf(zero, one));
  EXPECT_LT(zero.Resident() - before, 64 << 20);
}

TEST(NodeFailures, SilentConnectionsDoNotKeepCallersOut) {
  const Network network;
  const NodeProcess zero, one;
  std::vector<std::unique_ptr<Stream>> silent;
  for (int i = 0; i < 40; ++i) {
    auto stream = Connect(zero.endpoint(), Deadline::In(kPatience));
    ASSERT_TRUE(stream);
    silent.push_back(std::move(*stream));
  }
  ExpectAnswers(network, EndpointsOf(zero, one));
}

// A caller who is let in and has said that a shard of 1.9 GB follows.
Result<Channel> AnnounceShard(const NodeProcess& node) {
  constexpr int64_t kSize = 1'900'000'000;
  const Hello hello{.session = "large",
                    .shard_hash = 1,
                    .shard_size = Bytes{kSize},
                    .deadline = kPatience,
                    .listen = {node.endpoint()}};
  const Deadline deadline = Deadline::In(kPatience);
  DISCO_ASSIGN(Channel channel, OpenChannel(node));
  DISCO_TRY(channel.Send({.kind = FrameKind::kHello}, ToJson(hello), deadline));
  DISCO_TRY(channel.Receive({.kind = FrameKind::kHelloReply, .size = kMaxText}, deadline));
  const auto frame = EncodeFrame({.kind = FrameKind::kShard, .size = uint64_t{kSize}});
  DISCO_TRY(SendAll(channel.stream(), frame, deadline));
  return channel;
}

TEST(NodeFailures, AnAnnouncedShardTakesNoMemoryBeforeItComes) {
  const NodeProcess zero;
  const int64_t before = zero.Resident();
  std::vector<Channel> liars;
  for (int i = 0; i < 4; ++i) {
    auto channel = AnnounceShard(zero);
    ASSERT_TRUE(channel) << channel.error().message;
    liars.push_back(std::move(*channel));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_LT(zero.Resident() - before, 64 << 20);
}

// Address space is scarce with a sanitizer's shadow in it.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(NodeFailures, ANodeWithoutMemoryEndsTheSessionAndLivesOn) {
  const Network network;
  const NodeProcess zero(0, {"--memory", "8GB"}), one;
  ExpectAnswers(network, EndpointsOf(zero, one));
  zero.Limit(RLIMIT_AS, static_cast<uint64_t>(zero.AddressSpace() + (300 << 20)));
  {
    auto channel = AnnounceShard(zero);
    ASSERT_TRUE(channel) << channel.error().message;
    const std::vector<std::byte> zeros(1 << 20);
    int sent = 0;
    while (sent < 1800 && SendAll(channel->stream(), zeros, Deadline::In(kPatience))) ++sent;
    EXPECT_LT(sent, 1800) << "the node took more than it can have";
  }
  EXPECT_TRUE(zero.Alive());
  ExpectAnswers(network, EndpointsOf(zero, one));
}
#endif

TEST(NodeFailures, ANodeWithoutDescriptorsLivesOn) {
  const Network network;
  const NodeProcess zero, one;
  zero.Limit(RLIMIT_NOFILE, 24);
  std::vector<std::unique_ptr<Stream>> silent;
  for (int i = 0; i < 40; ++i) {
    auto stream = Connect(zero.endpoint(), Deadline::In(kPatience));
    ASSERT_TRUE(stream);
    silent.push_back(std::move(*stream));
  }
  ExpectAnswers(network, EndpointsOf(zero, one));
  EXPECT_TRUE(zero.Alive());
}

// It says that it is ready, and then nothing: node 0, which waits for its link, must not be blamed.
TEST(NodeFailures, ANodeThatNeverLinksIsNamed) {
  const Network network;
  const NodeProcess zero;
  const auto listener = Listen({"127.0.0.1", 0});
  ASSERT_TRUE(listener);
  const Endpoint fake{"127.0.0.1", *LocalPort(*listener)};
  const uint64_t plan_hash = CutFor(network.graph, network.plan)->plan_hash;
  const std::jthread node([&] {
    const Deadline deadline = Deadline::In(kPatience);
    EXPECT_TRUE(WaitReadable(*listener, deadline));
    auto accepted = Accept(*listener);
    Channel caller(MakeTcpStream(std::move(accepted->value())));
    FrameHeader frame{.plan_hash = plan_hash, .size = kMaxText};
    EXPECT_TRUE(caller.Receive(frame, deadline)) << "a hello";
    frame.kind = FrameKind::kHelloReply;
    EXPECT_TRUE(caller.Send(frame, ToJson(HelloReply{.need_shard = false}), deadline));
    frame.kind = FrameKind::kReady;
    EXPECT_TRUE(caller.Send(frame, ToJson(Ready{}), deadline));
    frame.kind = FrameKind::kLink;
    EXPECT_TRUE(caller.Receive(frame, deadline));
    EXPECT_TRUE(WaitForNews(caller.stream(), deadline)) << "until the caller closes";
  });
  const auto start = Clock::now();
  const auto session =
      Session::Connect(network.graph, network.plan, {zero.endpoint(), fake}, {.deadline = kShort});
  ASSERT_FALSE(session);
  EXPECT_LT(Since(start), kShort * 1.5);
  EXPECT_NE(session.error().message.find("linking to node 1"), std::string::npos)
      << session.error().message;
}

TEST(NodeFailures, ABusyNodeSaysSo) {
  const Network network;
  const NodeProcess zero(0, {"--sessions", "1"}), one;
  const auto first = Open(network, EndpointsOf(zero, one), kPatience);
  ASSERT_NE(first, nullptr);
  const auto second =
      Session::Connect(network.graph, network.plan, EndpointsOf(zero, one), {.deadline = kShort});
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find("busy"), std::string::npos) << second.error().message;
  EXPECT_TRUE(first->Infer(network.inputs)) << "the first caller must not be disturbed";
}

TEST(NodeFailures, AShardThatNeedsTooMuchMemoryIsRefused) {
  const Network network;
  const NodeProcess zero, one(0, {"--memory", "100kB"});
  const auto session = Session::Connect(network.graph, network.plan, EndpointsOf(zero, one),
                                        {.deadline = kPatience});
  ASSERT_FALSE(session);
  ExpectNamesNodeOne(session.error(), one);
  EXPECT_NE(session.error().message.find("--memory"), std::string::npos) << session.error().message;
}

// What `disco probe` says about `node`, errors too.
std::string Probe(const HostileNode& node) {
  const std::string out = testing::TempDir() + "hostile_cluster.toml";
  const std::string command =
      fmt::format("{} probe --nodes {} --out {} --deadline 2s 2>&1; echo \"exit $?\"", DISCO_BINARY,
                  ToString(node.endpoint()), out);
  FILE* pipe = popen(command.c_str(), "r");
  std::string said;
  for (int c = fgetc(pipe); c != EOF; c = fgetc(pipe)) said += static_cast<char>(c);
  pclose(pipe);
  return said;
}

TEST(NodeFailures, AProbeNamesANodeThatMisleadsIt) {
  const auto nonsense = [](Stream& caller, Message message) {
    message.payload.assign(std::max<size_t>(message.payload.size(), 30), std::byte{0xff});
    HostileNode::Send(caller, message);
  };
  for (const Said when : {Said::kReady, Said::kReport, Said::kTimeline}) {
    const std::string said = Probe(HostileNode(when, nonsense));
    EXPECT_NE(said.find("exit 1"), std::string::npos) << said;
    EXPECT_NE(said.find("node 0"), std::string::npos) << said;
  }
}

TEST(NodeFailures, AProbeNamesANodeThatTellsNoSteps) {
  const std::string said = Probe(HostileNode());
  EXPECT_NE(said.find("exit 1"), std::string::npos) << said;
  EXPECT_NE(said.find("node 0"), std::string::npos) << said;
}

TEST(NodeFailures, AWrongNumberOfEndpointsIsRefused) {
  const Network network;
  const auto session = Session::Connect(network.graph, network.plan, {{"127.0.0.1", 1}}, {});
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().kind, ErrorKind::kUsage);
}

}  // namespace
}  // namespace disco
