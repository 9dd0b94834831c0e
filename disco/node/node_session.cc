// SPDX-License-Identifier: Apache-2.0
#include "disco/node/node_session.h"

#include "disco/base/hash.h"
#include "disco/graph/infer_shapes.h"
#include "disco/graph/onnx.h"
#include "disco/graph/work.h"
#include "disco/node/message.h"
#include "disco/node/runner.h"
#include "disco/transport/tcp_mesh.h"

namespace disco {
namespace {

std::span<const std::byte> BytesOf(const std::string& text) {
  return std::as_bytes(std::span(text));
}

// From the cache, or from the caller.
Result<std::shared_ptr<const std::string>> ObtainShard(const Visitor& caller,
                                                       const NodeHouse& house, Deadline deadline) {
  const Hello& hello = caller.hello;
  auto shard = house.cache.Find(hello.shard_hash);
  const HelloReply reply{.need_shard = shard == nullptr};
  DISCO_TRY(SendMessage(caller.socket,
                        {.kind = FrameKind::kHelloReply, .plan_hash = hello.plan_hash},
                        ToJson(reply), deadline));
  if (shard != nullptr) return shard;
  DISCO_ASSIGN(std::string bytes,
               ReceiveMessage(caller.socket, FrameKind::kShard,
                              static_cast<size_t>(hello.shard_size.value), deadline));
  if (Hash(BytesOf(bytes)) != hello.shard_hash)
    return Fail(ErrorKind::kPeer, "the shard is not the one that was announced");
  shard = std::make_shared<const std::string>(std::move(bytes));
  house.cache.Add(hello.shard_hash, shard);
  return shard;
}

// A few bytes of shard can ask for any amount of features: look before anything is allocated.
Status CheckMemory(const Graph& graph, Bytes limit) {
  const Bytes features = FeatureBytes(graph), weights = WeightBytes(graph);
  if (features <= limit && weights <= limit - features) return {};
  return Fail(
      ErrorKind::kPeer,
      "the shard needs {} for features and {} for weights, more than the {} this node gives "
      "to a session; start it with a larger --memory",
      ToString(features), ToString(weights), ToString(limit));
}

Result<Runner> MakeRunner(const std::string& shard, const Hello& hello, Bytes memory) try {
  DISCO_ASSIGN(Graph graph, ParseOnnx(BytesOf(shard)));
  const auto plan = graph.metadata.find("disco.plan");
  if (plan == graph.metadata.end() || plan->second != HashText(hello.plan_hash)) {
    return Fail(ErrorKind::kPeer,
                "the shard was cut by plan {}, the caller works on plan {}; cut it again",
                plan == graph.metadata.end() ? "?" : plan->second, HashText(hello.plan_hash));
  }
  DISCO_TRY(InferShapes(graph));
  DISCO_TRY(CheckMemory(graph, memory));
  return Runner::Create(std::move(graph), {.node = hello.node,
                                           .nodes = hello.nodes,
                                           .plan_hash = hello.plan_hash,
                                           .deadline = hello.deadline,
                                           .program = hello.program});
} catch (const std::bad_alloc&) {
  return Fail(ErrorKind::kPeer, "the shard needs more memory than this node has");
}

// Links to all other nodes: this one calls those before it, and is called by those after it.
Result<std::vector<std::optional<TcpPeer>>> LinkNodes(const Hello& hello, Lobby& lobby,
                                                      Deadline deadline) {
  std::vector<std::optional<TcpPeer>> peers(static_cast<size_t>(hello.nodes) + 1);
  for (int other = 0; other < hello.nodes; ++other) {
    if (other == hello.node) continue;
    const Endpoint& endpoint = hello.listen[static_cast<size_t>(other)];
    const std::string name = fmt::format("node {} ({})", other, ToString(endpoint));
    auto link = [&]() -> Result<Socket> {
      if (other > hello.node) return lobby.Fetch(hello.session, other, deadline);
      DISCO_ASSIGN(Socket socket, Connect(endpoint, deadline));
      const Hello introduction{.role = Hello::Role::kNode,
                               .session = hello.session,
                               .node = hello.node,
                               .nodes = hello.nodes};
      DISCO_TRY(SendMessage(socket, {.kind = FrameKind::kHello, .plan_hash = hello.plan_hash},
                            ToJson(introduction), deadline));
      return socket;
    };
    auto socket = link();
    if (!socket) return At("linking to " + name, socket.error());
    peers[static_cast<size_t>(other)] = TcpPeer{std::move(*socket), name};
  }
  return peers;
}

struct OpenSession {
  Runner runner;
  std::vector<std::optional<TcpPeer>> peers;
};

Result<OpenSession> Open(const Visitor& caller, const NodeHouse& house) {
  if (caller.hello.shard_size > house.limits.largest_shard) {
    return Fail(
        ErrorKind::kPeer,
        "a shard of {} is more than this node accepts ({}); start it with a larger --max-shard",
        ToString(caller.hello.shard_size), ToString(house.limits.largest_shard));
  }
  // A large shard takes its time on a slow link; the caller's own deadline watches over it too.
  const Deadline shard_deadline =
      Deadline::In(house.limits.opening +
                   Milliseconds(static_cast<double>(caller.hello.shard_size.value) / 1e3));
  DISCO_ASSIGN(const auto shard, ObtainShard(caller, house, shard_deadline));
  DISCO_ASSIGN(Runner runner, MakeRunner(*shard, caller.hello, house.limits.memory));
  DISCO_ASSIGN(auto peers,
               LinkNodes(caller.hello, house.lobby, Deadline::In(house.limits.opening)));
  return OpenSession{std::move(runner), std::move(peers)};
}

}  // namespace

Status ServeSession(Visitor caller, const NodeHouse& house) {
  const Hello hello = caller.hello;
  auto open = Open(caller, house);
  const Deadline deadline = Deadline::In(house.limits.opening);
  if (!open) {
    // Best effort: the caller may be what failed.
    static_cast<void>(SendMessage(caller.socket, {.kind = FrameKind::kError},
                                  open.error().message.substr(0, kMaxErrorText), deadline));
    return tl::unexpected(open.error());
  }
  const ProgramReport& report = open->runner.report();
  const Ready ready{report.kernels, report.warnings, report.weights, report.activations};
  DISCO_TRY(SendMessage(caller.socket, {.kind = FrameKind::kReady, .plan_hash = hello.plan_hash},
                        ToJson(ready), deadline));
  open->peers.back() = TcpPeer{std::move(caller.socket), "the caller"};
  const auto mesh = MakeTcpMesh(std::move(open->peers));
  return open->runner.Serve(*mesh, house.stop);
}

}  // namespace disco
