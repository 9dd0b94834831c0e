// SPDX-License-Identifier: Apache-2.0
#include "disco/node/server.h"

#include <list>
#include <thread>

#include "disco/node/message.h"
#include "disco/node/node_session.h"

namespace disco {

class NodeServer::Impl {
 public:
  Impl(Socket listener, uint16_t port, const NodeLimits& limits,
       std::function<void(const std::string&)> log)
      : port_(port),
        limits_(limits),
        log_(std::move(log)),
        doorman_(std::move(listener), log_),
        cache_(limits.cache) {}

  ~Impl() { stopping_ = true; }  // sessions look at it once a second; their threads are joined

  uint16_t port() const { return port_; }
  void Stop() { stopping_ = true; }

  Status Run(const std::function<bool()>& stop) {
    constexpr Milliseconds kLook{200};
    while (!stopping_ && !stop()) {
      DISCO_ASSIGN(std::vector<Visitor> visitors, doorman_.Attend(kLook));
      sessions_.remove_if([](const Running& session) { return session.done->load(); });
      for (Visitor& visitor : visitors) Receive(std::move(visitor));
    }
    stopping_ = true;
    return {};
  }

 private:
  struct Running {
    std::shared_ptr<std::atomic<bool>> done;
    std::jthread thread;
  };

  void Receive(Visitor visitor) {
    if (visitor.hello.role == Hello::Role::kNode) return lobby_.Enter(std::move(visitor));
    if (static_cast<int>(sessions_.size()) >= limits_.sessions) {
      const std::string text = fmt::format(
          "this node is busy with {} sessions; try again later, or start it with more --sessions",
          sessions_.size());
      constexpr Milliseconds kPolite{100};
      static_cast<void>(
          SendMessage(visitor.socket, {.kind = FrameKind::kError}, text, Deadline::In(kPolite)));
      return;
    }
    auto done = std::make_shared<std::atomic<bool>>(false);
    sessions_.push_back({done, std::jthread([this, done, visitor = std::move(visitor)]() mutable {
                           Serve(std::move(visitor));
                           done->store(true);
                         })});
  }

  void Serve(Visitor visitor) {
    const std::string name = fmt::format("session {} as node {} of {}", visitor.hello.session,
                                         visitor.hello.node, visitor.hello.nodes);
    log_(name + " begins");
    const NodeHouse house{limits_, cache_, lobby_, [this] { return stopping_.load(); }};
    const Status status = ServeSession(std::move(visitor), house);
    log_(status ? name + " ends" : fmt::format("{} ends: {}", name, status.error().message));
  }

  uint16_t port_;
  NodeLimits limits_;
  std::function<void(const std::string&)> log_;
  Doorman doorman_;
  ShardCache cache_;
  Lobby lobby_;
  std::atomic<bool> stopping_ = false;
  std::list<Running> sessions_;
};

NodeServer::NodeServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
NodeServer::~NodeServer() = default;

Result<std::unique_ptr<NodeServer>> NodeServer::Start(const Endpoint& endpoint,
                                                      const NodeLimits& limits,
                                                      std::function<void(const std::string&)> log) {
  DISCO_ASSIGN(Socket listener, Listen(endpoint));
  DISCO_ASSIGN(const uint16_t port, LocalPort(listener));
  return std::unique_ptr<NodeServer>(
      new NodeServer(std::make_unique<Impl>(std::move(listener), port, limits, std::move(log))));
}

uint16_t NodeServer::port() const { return impl_->port(); }
Status NodeServer::Run(const std::function<bool()>& stop) { return impl_->Run(stop); }
void NodeServer::Stop() { impl_->Stop(); }

}  // namespace disco
