// SPDX-License-Identifier: Apache-2.0
#include "disco/node/node_session.h"

#include "disco/base/hash.h"
#include "disco/base/text.h"
#include "disco/node/runner.h"
#include "disco/node/session_memory.h"
#include "disco/onnx/onnx.h"
#include "disco/op/infer_shapes.h"
#include "disco/op/validate.h"
#include "disco/transport/connect.h"
#include "disco/transport/reach.h"
#include "disco/transport/shaped_mesh.h"
#include "disco/transport/stream_mesh.h"

namespace disco {
namespace {

// Between "ready" and "link" the other nodes get their shards, over links of any speed. A caller
// that goes ends the wait, and so does a node that needs the place.
constexpr Milliseconds kOthersGetReady{3.6e6};

// Stack and scratch of a thread of a session, touched by kernels.
constexpr Bytes kThreadBytes{int64_t{1} << 20};

std::span<const std::byte> BytesOf(const std::string& text) {
  return std::as_bytes(std::span(text));
}

// A runner, after the account of what it holds, which is asked while it is made.
struct Loaded {
  std::unique_ptr<SessionMemory> memory;
  Runner runner;
};

class NodesOpening {
 public:
  NodesOpening(Introduced& caller, const NodeContext& node, SessionControl& control)
      : caller_(caller.channel), hello_(caller.hello), node_(node), control_(control) {}

  Result<Loaded> Load() try {
    if (hello_.shard_size > node_.limits.largest_shard) {
      return Fail(
          ErrorKind::kPeer,
          "a shard of {} is more than this node accepts ({}); start it with a larger --max-shard",
          ToString(hello_.shard_size), ToString(node_.limits.largest_shard));
    }
    auto memory = std::make_unique<SessionMemory>(node_.budget, control_);
    DISCO_TRY(memory->Take(kThreadBytes * hello_.program.threads, "the threads asked for"));
    DISCO_ASSIGN(Graph graph, ObtainGraph(*memory));
    RunnerOptions options{.node = hello_.node,
                          .nodes = hello_.nodes,
                          .plan_hash = hello_.plan_hash,
                          .deadline = hello_.deadline,
                          .program = hello_.program};
    options.program.throttle = node_.limits.throttle;
    options.program.memory = memory.get();
    DISCO_ASSIGN(Runner runner, Runner::Create(std::move(graph), options));
    GiveBackFreeMemory();
    return Loaded{std::move(memory), std::move(runner)};
  } catch (const std::bad_alloc&) {
    return Fail(ErrorKind::kPeer, "the shard needs more memory than this node has");
  }

  // Links to all other nodes: this one calls those before it, and is called by those after it.
  Result<std::vector<StreamPeer>> Link() {
    const Deadline deadline = Deadline::In(hello_.deadline);
    std::vector<StreamPeer> peers(static_cast<size_t>(hello_.nodes) + 1);
    for (int other = 0; other < hello_.nodes; ++other) {
      if (other == hello_.node) continue;
      const Endpoint& endpoint = hello_.listen[static_cast<size_t>(other)];
      const std::string name = fmt::format("node {} ({})", other, ToString(endpoint));
      auto stream = other > hello_.node ? Await(other, deadline) : Call(other, deadline);
      if (!stream) return At("linking to " + name, WithHint(other, stream.error()));
      peers[static_cast<size_t>(other)] = {std::move(*stream), name};
    }
    return peers;
  }

 private:
  // What the graph holds stays taken from `memory`; the shard goes.
  Result<Graph> ObtainGraph(MemoryAccount& memory) {
    MemoryScope of_shard(&memory);
    DISCO_TRY(of_shard.Take(hello_.shard_size, "the shard"));
    DISCO_ASSIGN(const auto shard, ObtainShard());
    control_.Touch();
    return ParseShard(*shard, memory);
  }

  // A node has its endpoints from its caller, and another machine is not there where that one is.
  Error WithHint(int other, Error error) const {
    const Endpoint& called = hello_.listen[static_cast<size_t>(std::min(other, hello_.node))];
    const auto reach = ReachOf(called, Deadline::In(Milliseconds(0)));
    if (!reach || *reach != Reach::kLoopback) return error;
    error.message += fmt::format("; does {} mean the same on the machines of node {} and node {}?",
                                 ToString(called), other, hello_.node);
    return error;
  }

  // From the cache, or from the caller.
  Result<std::shared_ptr<const std::string>> ObtainShard() {
    auto shard = node_.cache.Find(hello_.shard_hash);
    const HelloReply reply{.need_shard = shard == nullptr};
    DISCO_TRY(caller_.Send({.kind = FrameKind::kHelloReply, .plan_hash = hello_.plan_hash},
                           ToJson(reply), Deadline::In(node_.limits.patience)));
    if (shard != nullptr) return shard;
    // As patient as its caller is; a place is not kept for one that sends nothing (Touch).
    DISCO_ASSIGN(std::string bytes,
                 caller_.Receive({.kind = FrameKind::kShard,
                                  .plan_hash = hello_.plan_hash,
                                  .size = static_cast<uint64_t>(hello_.shard_size.value)},
                                 std::max(node_.limits.patience, hello_.deadline),
                                 [this] { control_.Touch(); }));
    if (Hash(BytesOf(bytes)) != hello_.shard_hash)
      return Fail(ErrorKind::kPeer, "the shard is not the one that was announced");
    shard = std::make_shared<const std::string>(std::move(bytes));
    node_.cache.Add(hello_.shard_hash, shard);
    return shard;
  }

  Result<Graph> ParseShard(const std::string& shard, MemoryAccount& memory) {
    DISCO_ASSIGN(Graph graph, ParseOnnx(BytesOf(shard), &memory));
    const auto plan = graph.metadata.find(kShardPlanKey);
    if (plan == graph.metadata.end() || plan->second != HashText(hello_.plan_hash)) {
      return Fail(ErrorKind::kPeer,
                  "the shard was cut by plan {}, the caller works on plan {}; cut it again",
                  plan == graph.metadata.end() ? "?" : plan->second, HashText(hello_.plan_hash));
    }
    DISCO_TRY(InferShapes(graph));
    return graph;
  }

  Result<std::unique_ptr<Stream>> Call(int other, Deadline deadline) {
    DISCO_ASSIGN(auto stream,
                 Connect(hello_.listen[static_cast<size_t>(other)], deadline, node_.keys));
    Channel channel(std::move(stream));
    const Hello introduction{.role = Hello::Role::kNode,
                             .session = hello_.session,
                             .node = hello_.node,
                             .to = other,
                             .nodes = hello_.nodes};
    DISCO_TRY(channel.Send({.kind = FrameKind::kHello, .plan_hash = hello_.plan_hash},
                           ToJson(introduction), deadline));
    return channel.TakeStream();
  }

  Result<std::unique_ptr<Stream>> Await(int other, Deadline deadline) {
    return node_.links.Take({hello_.session, other, hello_.node}, deadline, [this]() -> Status {
      if (caller_.stream().HasEnded()) return Fail(ErrorKind::kPeer, "the caller has gone");
      return control_.GoOn();
    });
  }

  Channel& caller_;
  const Hello& hello_;
  const NodeContext& node_;
  SessionControl& control_;
};

// As many as a message holds, and for people enough.
std::vector<std::string> Shortened(const std::vector<std::string>& warnings) {
  constexpr size_t kMost = 20, kLongest = 200;
  std::vector<std::string> some;
  for (size_t i = 0; i < std::min(warnings.size(), kMost); ++i)
    some.push_back(Printable(warnings[i].substr(0, kLongest)));
  if (warnings.size() > kMost)
    some.push_back(fmt::format("... and {} more of this kind", warnings.size() - kMost));
  return some;
}

Ready ReadyOf(const ProgramReport& report, Bytes memory) {
  return {report.kernels, Shortened(report.warnings),
          report.weights, report.activations,
          report.buffers, memory};
}

struct OpenSession {
  Loaded loaded;
  std::vector<StreamPeer> peers;
};

Result<OpenSession> Open(Introduced& caller, const NodeContext& node, SessionControl& control) {
  const SessionControl::Hold hold(control, [&caller] { caller.channel.Shutdown(); });
  NodesOpening opening(caller, node, control);
  DISCO_ASSIGN(Loaded loaded, opening.Load());
  control.Touch();
  const FrameHeader ready{.kind = FrameKind::kReady, .plan_hash = caller.hello.plan_hash};
  DISCO_TRY(caller.channel.Send(ready, ToJson(ReadyOf(loaded.runner.report(), node.limits.memory)),
                                Deadline::In(node.limits.patience)));
  const FrameHeader link{.kind = FrameKind::kLink, .plan_hash = caller.hello.plan_hash};
  DISCO_TRY(caller.channel.Receive(link, Deadline::In(kOthersGetReady)));
  control.Touch();
  DISCO_ASSIGN(auto peers, opening.Link());
  const FrameHeader linked{.kind = FrameKind::kLinked, .plan_hash = caller.hello.plan_hash};
  DISCO_TRY(caller.channel.Send(linked, "", Deadline::In(node.limits.patience)));
  return OpenSession{std::move(loaded), std::move(peers)};
}

std::unique_ptr<Mesh> MakeMesh(std::vector<StreamPeer> peers, const Hello& hello) {
  auto mesh = MakeStreamMesh(std::move(peers));
  if (!hello.shape) return mesh;
  return MakeShapedMesh(std::move(mesh), {*hello.shape, hello.node, hello.nodes});
}

}  // namespace

Status ServeSession(Introduced caller, const NodeContext& node, SessionControl& control) {
  auto open = Open(caller, node, control);
  if (!open) {
    // Why it was cut says more than that it was. Best effort: the caller may be what failed.
    const Status go_on = control.GoOn();
    const Error error = go_on ? open.error() : go_on.error();
    static_cast<void>(caller.channel.Send({.kind = FrameKind::kError},
                                          error.message.substr(0, kMaxErrorText),
                                          Deadline::In(node.limits.patience)));
    return tl::unexpected(error);
  }
  open->peers.back() = {caller.channel.TakeStream(), "the caller"};
  const auto mesh = MakeMesh(std::move(open->peers), caller.hello);
  const SessionControl::Hold hold(control, [&mesh] { mesh->Shutdown(); });
  return open->loaded.runner.Serve(
      *mesh, {.go_on = [&control] { return control.GoOn(); },
              .at_step =
                  [&control] {
                    control.Touch();  // its caller waits for it, and is not silent
                    return control.GoOn();
                  }});
}

}  // namespace disco
