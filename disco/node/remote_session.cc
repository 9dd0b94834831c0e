// SPDX-License-Identifier: Apache-2.0
// Nodes on other machines: one `disco node` per endpoint, each sent its shard unless it has it.
#include <functional>
#include <numeric>
#include <random>

#include "disco/base/hash.h"
#include "disco/graph/onnx.h"
#include "disco/node/caller.h"
#include "disco/node/message.h"
#include "disco/transport/tcp_mesh.h"

namespace disco {
namespace {

class RemoteSession : public Session {
 public:
  RemoteSession(Caller caller, std::unique_ptr<Mesh> mesh)
      : caller_(std::move(caller)), mesh_(std::move(mesh)) {}
  ~RemoteSession() override { caller_.Goodbye(*mesh_); }

  Result<std::vector<Tensor>> Infer(std::span<const Tensor> inputs) override {
    return caller_.Infer(*mesh_, inputs);
  }
  Result<std::vector<Tensor>> Repeat() override { return caller_.Repeat(*mesh_); }
  void AskForSteps(bool ask) override { caller_.AskForSteps(ask); }
  const std::vector<std::vector<NodeStep>>& steps() const override { return caller_.steps(); }
  const std::vector<NodeStatistics>& statistics() const override { return caller_.statistics(); }
  Milliseconds last_duration() const override { return caller_.last_duration(); }

 private:
  Caller caller_;
  std::unique_ptr<Mesh> mesh_;
};

std::string RandomName() {
  std::random_device device;
  const auto word = [&device] { return uint64_t{device()} << 32 | device(); };
  return HashText(word()) + HashText(word());
}

// Opening goes in steps, each of which all nodes take before the next begins, so that a step's
// deadline does not depend on how long another node takes over an earlier one.
class CallersOpening {
 public:
  CallersOpening(const std::vector<Endpoint>& endpoints, const Cut& cut,
                 const SessionOptions& options)
      : endpoints_(endpoints), cut_(cut), options_(options), session_(RandomName()) {}

  Result<std::vector<std::optional<TcpPeer>>> Run(Caller& caller) {
    DISCO_TRY(Introduce());
    DISCO_TRY(CollectAll(FrameKind::kReady, [&](size_t node, const std::string& text) -> Status {
      DISCO_ASSIGN(const Ready ready, ReadyFromJson(text));
      caller.SetReady(static_cast<NodeId>(node), ready);
      return {};
    }));
    for (size_t node = 0; node < endpoints_.size(); ++node)
      DISCO_TRY(Named(node, Send(node, FrameKind::kLink, "", Deadline::In(options_.deadline))));
    DISCO_TRY(CollectAll(FrameKind::kLinked, [](size_t, const std::string&) { return Status(); }));
    std::vector<std::optional<TcpPeer>> peers;
    for (size_t node = 0; node < endpoints_.size(); ++node)
      peers.push_back(TcpPeer{std::move(sockets_[node]), NameOf(node)});
    peers.emplace_back();  // the caller itself
    return peers;
  }

 private:
  std::string NameOf(size_t node) const {
    const int number =
        node < options_.called.size() ? options_.called[node] : static_cast<int>(node);
    return fmt::format("node {} ({})", number, ToString(endpoints_[node]));
  }
  Status Named(size_t node, const Status& status) const {
    if (status) return {};
    if (status.error().kind != ErrorKind::kDeadline) return At(NameOf(node), status.error());
    return Fail(ErrorKind::kDeadline,
                "{}: {}; is a disco node there? A longer --deadline gives it more than {:.1f} s",
                NameOf(node), status.error().message, options_.deadline.count() / 1e3);
  }
  template <class Time>
  Status Send(size_t node, FrameKind kind, std::string_view text, Time time) const {
    return SendMessage(sockets_[node], {.kind = kind, .plan_hash = cut_.plan_hash}, text, time);
  }

  // Hello to every node, then the shards to those that have them not.
  Status Introduce() {
    const Deadline deadline = Deadline::In(options_.deadline);
    std::vector<std::string> owed;
    for (size_t node = 0; node < endpoints_.size(); ++node) {
      auto shard = Greet(node, deadline);
      if (!shard) return Named(node, tl::unexpected(shard.error()));
      owed.push_back(std::move(*shard));
    }
    for (size_t node = 0; node < endpoints_.size(); ++node) {
      if (owed[node].empty()) continue;
      DISCO_TRY(Named(node, Send(node, FrameKind::kShard, owed[node], options_.deadline)));
      owed[node] = {};
    }
    return {};
  }

  // The node's shard if it needs it, else nothing.
  Result<std::string> Greet(size_t node, Deadline deadline) {
    DISCO_ASSIGN(std::string shard, SerializeOnnx(cut_.shards[node]));
    const Hello hello{.role = Hello::Role::kCaller,
                      .session = session_,
                      .node = static_cast<int>(node),
                      .nodes = static_cast<int>(endpoints_.size()),
                      .shard_hash = Hash(std::as_bytes(std::span(shard))),
                      .shard_size = Bytes{static_cast<int64_t>(shard.size())},
                      .deadline = options_.deadline * kNodeDeadlineShare,
                      .program = options_.program,
                      .shape = options_.shape,
                      .listen = endpoints_};
    DISCO_ASSIGN(Socket socket, Connect(endpoints_[node], deadline));
    sockets_.push_back(std::move(socket));
    DISCO_TRY(Send(node, FrameKind::kHello, ToJson(hello), deadline));
    DISCO_ASSIGN(const std::string text,
                 ReceiveMessage(sockets_[node], FrameKind::kHelloReply, kMaxText, deadline));
    DISCO_ASSIGN(const HelloReply reply, HelloReplyFromJson(text));
    return reply.need_shard ? std::move(shard) : std::string();
  }

  // One message of `kind` from every node, in the order in which they come: the first error is that
  // of the node to blame.
  Status CollectAll(FrameKind kind,
                    const std::function<Status(size_t node, const std::string& text)>& take) {
    const Deadline deadline = Deadline::In(options_.deadline);
    std::vector<size_t> waiting(sockets_.size());
    std::iota(waiting.begin(), waiting.end(), size_t{0});
    while (!waiting.empty()) {
      std::vector<const Socket*> sockets;
      for (const size_t node : waiting) sockets.push_back(&sockets_[node]);
      const auto ready = WaitAnyReadable(sockets, deadline);
      if (!ready) return Named(waiting[0], tl::unexpected(ready.error()));
      const size_t node = waiting[*ready];
      const auto text = ReceiveMessage(sockets_[node], kind, kMaxText, deadline);
      if (!text) return Named(node, tl::unexpected(text.error()));
      DISCO_TRY(Named(node, take(node, *text)));
      waiting.erase(waiting.begin() + static_cast<ptrdiff_t>(*ready));
    }
    return {};
  }

  const std::vector<Endpoint>& endpoints_;
  const Cut& cut_;
  const SessionOptions& options_;
  std::string session_;
  std::vector<Socket> sockets_;
};

}  // namespace

Result<std::unique_ptr<Session>> Session::Connect(const Graph& graph, const Plan& plan,
                                                  const std::vector<Endpoint>& nodes,
                                                  const SessionOptions& options) {
  if (static_cast<int>(nodes.size()) != plan.nodes) {
    return Fail(ErrorKind::kUsage,
                "the plan is for {} nodes, {} are given; name one endpoint per node", plan.nodes,
                nodes.size());
  }
  if (!options.throttles.empty() || options.program.throttle != 1) {
    return Fail(ErrorKind::kUsage,
                "nodes with a process of their own throttle themselves: start them with disco node "
                "--throttle 0.5");
  }
  DISCO_ASSIGN(const Cut cut, CutNetwork(graph, plan));
  Caller caller(graph, cut, options);
  DISCO_ASSIGN(auto peers, CallersOpening(nodes, cut, options).Run(caller));
  return std::make_unique<RemoteSession>(std::move(caller), MakeTcpMesh(std::move(peers)));
}

}  // namespace disco
