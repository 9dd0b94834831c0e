// SPDX-License-Identifier: Apache-2.0
// Nodes on other machines: one `disco node` per endpoint, each sent its shard unless it has it.
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

class Opening {
 public:
  Opening(const std::vector<Endpoint>& endpoints, const Cut& cut, const SessionOptions& options)
      : endpoints_(endpoints), cut_(cut), options_(options), session_(RandomName()) {}

  Result<std::vector<std::optional<TcpPeer>>> Run(Caller& caller) {
    // All nodes get their shards before one of them is waited for: they link up among themselves.
    for (size_t node = 0; node < endpoints_.size(); ++node) DISCO_TRY(Named(node, Introduce(node)));
    std::vector<std::optional<TcpPeer>> peers;
    for (size_t node = 0; node < endpoints_.size(); ++node) {
      auto text = ReceiveMessage(sockets_[node], FrameKind::kReady, kMaxText,
                                 Deadline::In(options_.deadline));
      if (!text) return At(NameOf(node), text.error());
      const auto ready = ReadyFromJson(*text);
      if (!ready) return At(NameOf(node), ready.error());
      caller.SetReady(static_cast<NodeId>(node), *ready);
    }
    for (size_t node = 0; node < endpoints_.size(); ++node)
      peers.push_back(TcpPeer{std::move(sockets_[node]), NameOf(node)});
    peers.emplace_back();  // the caller itself
    return peers;
  }

 private:
  std::string NameOf(size_t node) const {
    return fmt::format("node {} ({})", node, ToString(endpoints_[node]));
  }
  Status Named(size_t node, const Status& status) const {
    if (status) return {};
    return At(NameOf(node), status.error());
  }

  Status Introduce(size_t node) {
    DISCO_ASSIGN(const std::string shard, SerializeOnnx(cut_.shards[node]));
    const Hello hello{.role = Hello::Role::kCaller,
                      .session = session_,
                      .node = static_cast<int>(node),
                      .nodes = static_cast<int>(endpoints_.size()),
                      .shard_hash = Hash(std::as_bytes(std::span(shard))),
                      .shard_size = Bytes{static_cast<int64_t>(shard.size())},
                      .deadline = options_.deadline * kNodeDeadlineShare,
                      .program = options_.program,
                      .listen = endpoints_};
    DISCO_ASSIGN(Socket socket, Connect(endpoints_[node], Deadline::In(options_.deadline)));
    const Deadline deadline = Deadline::In(options_.deadline);
    DISCO_TRY(SendMessage(socket, {.kind = FrameKind::kHello, .plan_hash = cut_.plan_hash},
                          ToJson(hello), deadline));
    DISCO_ASSIGN(const std::string text,
                 ReceiveMessage(socket, FrameKind::kHelloReply, kMaxText, deadline));
    DISCO_ASSIGN(const HelloReply reply, HelloReplyFromJson(text));
    if (reply.need_shard) {
      DISCO_TRY(SendMessage(socket, {.kind = FrameKind::kShard, .plan_hash = cut_.plan_hash}, shard,
                            Deadline::In(options_.deadline)));
    }
    sockets_.push_back(std::move(socket));
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
  DISCO_ASSIGN(const Cut cut, CutNetwork(graph, plan));
  Caller caller(graph, cut, options);
  DISCO_ASSIGN(auto peers, Opening(nodes, cut, options).Run(caller));
  return std::make_unique<RemoteSession>(std::move(caller), MakeTcpMesh(std::move(peers)));
}

}  // namespace disco
