// SPDX-License-Identifier: Apache-2.0
#include "disco/node/server.h"

#include <unistd.h>

#include <algorithm>
#include <list>
#include <thread>

#include "disco/base/text.h"
#include "disco/node/node_session.h"
#include "disco/node/session_memory.h"
#include "disco/transport/acceptor.h"

namespace disco {
namespace {

using Log = std::function<void(const std::string&)>;

constexpr Milliseconds kTick{200};
constexpr Milliseconds kGrace{500};  // for a session that is asked to end, before it is cut

}  // namespace

Bytes MachineMemory(int64_t share) {
  return {int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE) / share};
}

class NodeServer::Impl {
 public:
  Impl(Acceptor acceptor, const NodeLimits& limits, SharedKeys keys, Log log)
      : limits_(limits),
        keys_(std::move(keys)),
        log_(std::move(log)),
        acceptor_(std::move(acceptor)),
        cache_(limits.cache),
        budget_(limits.memory) {}

  ~Impl() { EndAll(); }

  uint16_t port() const { return acceptor_.port(); }
  void Stop() { stopping_ = true; }

  Status Run(const std::function<bool()>& stop) {
    while (!stopping_ && !stop()) {
      DISCO_ASSIGN(std::vector<Arrival> arrivals, acceptor_.Attend(kTick));
      Tidy();
      for (Arrival& arrival : arrivals) Receive(std::move(arrival));
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
    links_.Sweep();
    for (Running& session : sessions_) {
      if (session.control.Ending() > kGrace) session.control.Cut();
    }
    sessions_.remove_if([](const Running& session) { return session.done.load(); });
  }

  void EndAll() {
    for (Running& session : sessions_) session.control.End("the node is stopping");
    for (Tidy(); !sessions_.empty(); Tidy()) std::this_thread::sleep_for(kTick / 4);
  }

  void Receive(Arrival arrival) {
    auto hello = HelloFromJson(arrival.text);
    if (!hello) return acceptor_.Refuse(arrival.channel, arrival.address, hello.error().message);
    hello->plan_hash = arrival.header.plan_hash;
    Introduced peer{std::move(arrival.channel), std::move(*hello)};
    if (peer.hello.role == Hello::Role::kNode) return links_.Add(std::move(peer));
    Begin(std::move(peer));
  }

  void Begin(Introduced caller) try {
    if (static_cast<int>(sessions_.size()) >= limits_.sessions && !MakeRoom()) {
      return caller.channel.Refuse(
          fmt::format("this node is busy with {} sessions; try again later, or start it with more "
                      "--sessions",
                      sessions_.size()));
    }
    Running& session = sessions_.emplace_back();
    session.thread = std::jthread([this, &session, caller = std::move(caller)]() mutable {
      Serve(std::move(caller), session.control);
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

  void Serve(Introduced caller, SessionControl& control) {
    const std::string name = fmt::format("session {} as node {} of {}", caller.hello.session,
                                         caller.hello.node, caller.hello.nodes);
    log_(name + " begins");
    const Status status = TryServe(std::move(caller), control);
    GiveBackFreeMemory();
    log_(status ? name + " ends" : fmt::format("{} ends: {}", name, status.error().message));
  }

  // Whatever a session runs into is its own end and nobody else's.
  Status TryServe(Introduced caller, SessionControl& control) try {
    const NodeContext node{limits_, keys_, cache_, links_, budget_};
    return ServeSession(std::move(caller), node, control);
  } catch (const std::exception& error) {
    return Fail(ErrorKind::kIo, "{}", error.what());
  }

  NodeLimits limits_;
  SharedKeys keys_;
  Log log_;
  Acceptor acceptor_;
  ShardCache cache_;
  PendingLinks links_;
  MemoryBudget budget_;
  std::atomic<bool> stopping_ = false;
  std::list<Running> sessions_;
};

NodeServer::NodeServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
NodeServer::~NodeServer() = default;

Result<std::unique_ptr<NodeServer>> NodeServer::Start(const Endpoint& endpoint,
                                                      const NodeLimits& limits,
                                                      std::function<void(const std::string&)> log,
                                                      const NodeSecurity& security) {
  Log printable = [log = std::move(log)](const std::string& line) { log(Printable(line)); };
  DISCO_ASSIGN(Acceptor acceptor, Acceptor::Listen(endpoint, {.largest = kMaxText,
                                                              .keys = security.keys,
                                                              .insecure = security.insecure,
                                                              .on_refusal = printable}));
  return std::unique_ptr<NodeServer>(new NodeServer(
      std::make_unique<Impl>(std::move(acceptor), limits, security.keys, std::move(printable))));
}

uint16_t NodeServer::port() const { return impl_->port(); }
Status NodeServer::Run(const std::function<bool()>& stop) { return impl_->Run(stop); }
void NodeServer::Stop() { impl_->Stop(); }

}  // namespace disco
