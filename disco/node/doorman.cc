// SPDX-License-Identifier: Apache-2.0
#include "disco/node/doorman.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>

namespace disco {
namespace {

std::string AddressOf(const Socket& socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  char text[INET6_ADDRSTRLEN] = "?";
  if (getpeername(socket.fd(), reinterpret_cast<sockaddr*>(&address), &size) != 0) return text;
  const void* bytes =
      address.ss_family == AF_INET6
          ? static_cast<const void*>(&reinterpret_cast<sockaddr_in6&>(address).sin6_addr)
          : static_cast<const void*>(&reinterpret_cast<sockaddr_in&>(address).sin_addr);
  inet_ntop(address.ss_family, bytes, text, sizeof text);
  return text;
}

std::string_view TextOf(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

Result<std::vector<Visitor>> Doorman::Attend(Milliseconds span) {
  polled_ = {{listener_.fd(), POLLIN, 0}};
  for (const Waiting& waiting : waiting_) polled_.push_back({waiting.socket.fd(), POLLIN, 0});
  if (poll(polled_.data(), polled_.size(), static_cast<int>(span.count())) < 0 && errno != EINTR) {
    return Fail(ErrorKind::kIo, "cannot wait for connections: {}", std::strerror(errno));
  }
  std::vector<Visitor> visitors;
  std::vector<Waiting> staying;
  for (Waiting& waiting : waiting_) {
    const Progress progress = Read(waiting, visitors);
    if (progress == Progress::kMore && waiting.deadline.Passed()) {
      Refuse(waiting, "it did not say who it is in time");
    } else if (progress == Progress::kMore) {
      staying.push_back(std::move(waiting));
    }
  }
  waiting_ = std::move(staying);
  Admit();
  return visitors;
}

void Doorman::Admit() {
  for (size_t admitted = 0; admitted < kMaxWaiting; ++admitted) {
    auto socket = Accept(listener_);
    if (!socket) {  // no descriptor left: one stranger less is one more
      if (waiting_.empty()) {
        constexpr std::chrono::milliseconds kPause(100);
        std::this_thread::sleep_for(kPause);
        return;
      }
      PutOutOldest(socket.error().message);
      continue;
    }
    if (!*socket) return;
    if (waiting_.size() == kMaxWaiting) PutOutOldest("others wait to be let in");
    std::string from = AddressOf(**socket);
    waiting_.push_back(
        {std::move(**socket), std::move(from), {}, kFrameSize, {}, Deadline::In(kPatience)});
  }
}

void Doorman::PutOutOldest(const std::string& why) {
  Refuse(waiting_.front(), why);
  waiting_.erase(waiting_.begin());
}

Doorman::Progress Doorman::Read(Waiting& waiting, std::vector<Visitor>& visitors) {
  while (true) {
    const size_t have = waiting.bytes.size();
    if (have == waiting.wanted) {
      if (have == kFrameSize && waiting.header.size == 0) {
        const auto more = ReadFrameHeader(waiting);
        if (!more) {
          Refuse(waiting, more.error().message);
          return Progress::kOut;
        }
        continue;
      }
      auto hello = HelloFromJson(TextOf(std::span(waiting.bytes).subspan(kFrameSize)));
      if (!hello) {
        Refuse(waiting, hello.error().message);
        return Progress::kOut;
      }
      hello->plan_hash = waiting.header.plan_hash;
      visitors.push_back({std::move(waiting.socket), std::move(*hello)});
      return Progress::kDone;
    }
    waiting.bytes.resize(waiting.wanted);
    const ssize_t count = recv(waiting.socket.fd(), &waiting.bytes[have], waiting.wanted - have, 0);
    waiting.bytes.resize(have + static_cast<size_t>(std::max<ssize_t>(count, 0)));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Progress::kMore;
    if (count <= 0) return Progress::kOut;  // gone again, as port scans are
  }
}

Result<bool> Doorman::ReadFrameHeader(Waiting& waiting) {
  DISCO_ASSIGN(waiting.header, DecodeFrame(waiting.bytes));
  if (waiting.header.kind != FrameKind::kHello || waiting.header.size == 0 ||
      waiting.header.size > kMaxText) {
    return Fail(ErrorKind::kPeer, "it sent {} of {} bytes instead of a hello",
                Name(waiting.header.kind), waiting.header.size);
  }
  waiting.wanted = kFrameSize + static_cast<size_t>(waiting.header.size);
  return true;
}

void Doorman::Refuse(Waiting& waiting, const std::string& why) {
  on_refusal_(fmt::format("refused a connection from {}: {}", waiting.from, why));
  const std::string text = "connection refused: " + why;
  const auto frame = EncodeFrame({.kind = FrameKind::kError, .size = text.size()});
  // Best effort: whoever it is may not listen.
  static_cast<void>(
      send(waiting.socket.fd(), frame.data(), frame.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
  static_cast<void>(
      send(waiting.socket.fd(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
}

}  // namespace disco
