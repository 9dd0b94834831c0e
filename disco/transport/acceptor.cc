// SPDX-License-Identifier: Apache-2.0
#include "disco/transport/acceptor.h"

#include <algorithm>
#include <cerrno>
#include <new>
#include <thread>

#include "disco/transport/tcp_stream.h"
#include "disco/transport/wait.h"

namespace disco {

Result<Acceptor> Acceptor::Listen(const Endpoint& endpoint, AcceptorOptions options) {
  DISCO_ASSIGN(Socket listener, disco::Listen(endpoint));
  DISCO_ASSIGN(const uint16_t port, LocalPort(listener));
  DISCO_ASSIGN(const bool on_loopback, IsOnLoopback(listener));
  if (!on_loopback && options.keys == nullptr && !options.insecure) {
    return Fail(
        ErrorKind::kUsage,
        "other machines can connect to {}, and without keys whoever does can use this node; "
        "give it --keys DIR (disco keys init DIR makes them), or --insecure in a network "
        "that you trust",
        ToString(endpoint));
  }
  return Acceptor(std::move(listener), port, std::move(options));
}

Result<std::vector<Arrival>> Acceptor::Attend(Milliseconds span) {
  polls_ = {{listener_.fd(), POLLIN, 0}};
  for (Waiting& waiting : waiting_) polls_.push_back(waiting.channel.stream().AwaitRead());
  if (PollUntil(polls_, Deadline::In(span)) < 0 && errno != EINTR) return CannotWait(errno);
  std::vector<Arrival> arrivals;
  std::vector<Waiting> staying;
  for (Waiting& waiting : waiting_) {
    const Progress progress = Read(waiting);
    if (progress == Progress::kComplete) {
      arrivals.push_back({std::move(waiting.channel), std::move(waiting.address),
                          waiting.reader.header(), waiting.reader.TakeText()});
    } else if (progress == Progress::kMore && waiting.deadline.Passed()) {
      Refuse(waiting.channel, waiting.address, "it sent no complete first message in time");
    } else if (progress == Progress::kMore) {
      staying.push_back(std::move(waiting));
    }
  }
  waiting_ = std::move(staying);
  Accept();
  return arrivals;
}

void Acceptor::Accept() {
  for (size_t accepted = 0; accepted < kMaxWaiting; ++accepted) {
    auto socket = disco::Accept(listener_);
    if (!socket) {  // no descriptor left: closing one frees one
      if (waiting_.empty()) {
        constexpr std::chrono::milliseconds kPause(100);
        std::this_thread::sleep_for(kPause);
        return;
      }
      CloseOldest(socket.error().message);
      continue;
    }
    if (!*socket) return;
    if (waiting_.size() == kMaxWaiting) CloseOldest("too many connections wait to be accepted");
    Admit(std::move(**socket));
  }
}

void Acceptor::Admit(Socket socket) try {
  std::string address = PeerAddress(socket);
  const MessageReader reader({.kind = options_.first, .most = options_.largest, .any_plan = true});
  Channel channel(Secured(MakeTcpStream(std::move(socket)), options_.keys, TlsSide::kAccepts));
  waiting_.push_back({std::move(channel), std::move(address), reader, Deadline::In(kPatience)});
} catch (const std::bad_alloc&) {
  // The connection closes; what runs on this node goes on.
}

void Acceptor::CloseOldest(const std::string& why) {
  Refuse(waiting_.front().channel, waiting_.front().address, why);
  waiting_.erase(waiting_.begin());
}

Acceptor::Progress Acceptor::Read(Waiting& waiting) const {
  Stream& stream = waiting.channel.stream();
  MessageReader& reader = waiting.reader;
  while (!reader.done()) {
    const auto count = stream.ReadSome(reader.missing());
    if (!count) {
      // The other side has closed, as port scans do, and nothing is to be told; or it has wrong
      // keys.
      if (count.error().kind == ErrorKind::kUsage)
        Refuse(waiting.channel, waiting.address, count.error().message);
      return Progress::kClosed;
    }
    if (*count == 0) return Progress::kMore;
    Status read = reader.Filled(*count);
    if (read && reader.done() && reader.header().size == 0) {
      read = Fail(ErrorKind::kPeer, "it sent {} of 0 bytes instead of {} of 1 to {}",
                  Name(options_.first), Name(options_.first), options_.largest);
    }
    if (read) continue;
    Refuse(waiting.channel, waiting.address, read.error().message);
    return Progress::kClosed;
  }
  return Progress::kComplete;
}

void Acceptor::Refuse(Channel& channel, const std::string& address, const std::string& why) const {
  options_.on_refusal(fmt::format("refused a connection from {}: {}", address, why));
  channel.Refuse("connection refused: " + why);
}

}  // namespace disco
