// SPDX-License-Identifier: Apache-2.0
#include "disco/node/server.h"

#include <unistd.h>

#include <algorithm>
#include <list>
#include <thread>

#include "disco/base/text.h"
#include "disco/node/message.h"
#include "disco/node/node_session.h"
#include "disco/node/session_memory.h"

namespace disco {
namespace {

constexpr Milliseconds kTick{200};
constexpr Milliseconds kGrace{500};   // for a session that is asked to end, before it is cut
constexpr Milliseconds kPolite{100};  // for telling a caller why not

}  // namespace

Bytes MachineMemory(int64_t share) {
  return {int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE) / share};
}

class NodeServer::Impl {
 public:
  Impl(Socket listener, uint16_t port, const NodeLimits& limits,
       std::function<void(const std::string&)> log)
      : port_(port),
        limits_(limits),
        log_([log = std::move(log)](const std::string& line) { log(Printable(line)); }),
        doorman_(std::move(listener), log_),
        cache_(limits.cache),
        budget_(limits.memory) {}

  ~Impl() { EndAll(); }

  uint16_t port() const { return port_; }
  void Stop() { stopping_ = true; }

  Status Run(const std::function<bool()>& stop) {
    while (!stopping_ && !stop()) {
      DISCO_ASSIGN(std::vector<Visitor> visitors, doorman_.Attend(kTick));
      Tidy();
      for (Visitor& visitor : visitors) Receive(std::move(visitor));
    }
    EndAll();
    return {};
  }

 private:
  // Stays where it is in the list while its thread, joined first, uses the rest.
  struct Running {
    SessionControl control;
    std::atomic<bool> done = false;
    std::jthread thread;
  };

  void Tidy() {
    lobby_.Sweep();
    for (Running& session : sessions_) {
      if (session.control.Ending() > kGrace) session.control.Cut();
    }
    sessions_.remove_if([](const Running& session) { return session.done.load(); });
  }

  void EndAll() {
    for (Running& session : sessions_) session.control.End("the node is stopping");
    for (Tidy(); !sessions_.empty(); Tidy()) std::this_thread::sleep_for(kTick / 4);
  }

  void Receive(Visitor visitor) try {
    if (visitor.hello.role == Hello::Role::kNode) return lobby_.Enter(std::move(visitor));
    if (static_cast<int>(sessions_.size()) >= limits_.sessions && !MakeRoom()) {
      return Refuse(visitor,
                    fmt::format("this node is busy with {} sessions; try again later, or start it "
                                "with more --sessions",
                                sessions_.size()));
    }
    Running& session = sessions_.emplace_back();
    session.thread = std::jthread([this, &session, visitor = std::move(visitor)]() mutable {
      Serve(std::move(visitor), session.control);
      session.done = true;
    });
  } catch (const std::exception& error) {
    if (!sessions_.empty() && !sessions_.back().thread.joinable()) sessions_.pop_back();
    log_(fmt::format("cannot serve a caller: {}", error.what()));
  }

  // Whether a session was found that has been silent for too long; it is on its way out.
  bool MakeRoom() {
    const auto going =
        std::count_if(sessions_.begin(), sessions_.end(),
                      [](const Running& session) { return !session.control.GoOn(); });
    const auto longest = std::max_element(
        sessions_.begin(), sessions_.end(),
        [](const Running& a, const Running& b) { return a.control.Idle() < b.control.Idle(); });
    // One at a time: those who are going still hold their memory.
    if (going > 0 || longest == sessions_.end() || longest->control.Idle() < limits_.idle)
      return false;
    longest->control.End("the session made room for another caller after a long silence");
    return true;
  }

  static void Refuse(const Visitor& visitor, const std::string& text) {
    static_cast<void>(
        SendMessage(visitor.socket, {.kind = FrameKind::kError}, text, Deadline::In(kPolite)));
  }

  void Serve(Visitor visitor, SessionControl& control) {
    const std::string name = fmt::format("session {} as node {} of {}", visitor.hello.session,
                                         visitor.hello.node, visitor.hello.nodes);
    log_(name + " begins");
    const Status status = TryServe(std::move(visitor), control);
    GiveBackFreeMemory();
    log_(status ? name + " ends" : fmt::format("{} ends: {}", name, status.error().message));
  }

  // Whatever a session runs into is its own end and nobody else's.
  Status TryServe(Visitor visitor, SessionControl& control) try {
    const NodeHouse house{limits_, cache_, lobby_, budget_};
    return ServeSession(std::move(visitor), house, control);
  } catch (const std::exception& error) {
    return Fail(ErrorKind::kIo, "{}", error.what());
  }

  uint16_t port_;
  NodeLimits limits_;
  std::function<void(const std::string&)> log_;
  Doorman doorman_;
  ShardCache cache_;
  Lobby lobby_;
  MemoryBudget budget_;
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
