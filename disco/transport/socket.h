// SPDX-License-Identifier: Apache-2.0
// Socket: one TCP connection or listener; and the way to a connection, before there is a mesh.
//
// All sockets made here are non-blocking, close on exec, send small messages at once (TCP_NODELAY),
// notice a dead machine within about a minute (keep-alive) and never raise SIGPIPE. Thread rule: a
// socket belongs to one thread. Errors: kPeer when nobody answers or the other side closes,
// kDeadline, kIo when the system refuses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "disco/base/clock.h"
#include "disco/base/result.h"
#include "disco/transport/endpoint.h"

namespace disco {

// Owns a file descriptor.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket();
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  int fd() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  // Ends both directions: waits on it end, here and there. Safe from any thread while it lives.
  void Shutdown() const;

 private:
  int fd_ = -1;
};

// Port 0 takes any free port; LocalPort says which.
Result<Socket> Listen(const Endpoint& endpoint);
Result<uint16_t> LocalPort(const Socket& socket);

// The next connection that waits at `listener`, or nothing when none does; never waits. An error
// means that the system has no room for it now (descriptors, memory): it goes on waiting.
Result<std::optional<Socket>> Accept(const Socket& listener);

// Tries all addresses of the host; looking them up is within the deadline.
Result<Socket> Connect(const Endpoint& endpoint, Deadline deadline);

// Waits until there is something to receive or accept, or the other side has closed.
Status WaitReadable(const Socket& socket, Deadline deadline);
// The same for several: the first of them that has news.
Result<size_t> WaitAnyReadable(std::span<const Socket* const> sockets, Deadline deadline);

// Whether the other side has closed, as far as is known by now; never waits.
bool HasClosed(const Socket& socket);

// The least speed of a transfer that counts as alive: `block` bytes in every `patience`.
struct Pace {
  Milliseconds patience{0};
  size_t block = 1;
};

// Messages speak of "the other side"; the caller, who knows its name, puts it in front with At.
Status SendAll(const Socket& socket, std::span<const std::byte> bytes, Deadline deadline);
// Sends, and waits until the other machine has all of it. Returns early, with success, when the
// other side sends something or closes. Errors also: kDeadline, when it is slower than `pace`.
Status SendSteadily(const Socket& socket, std::span<const std::byte> bytes, const Pace& pace);
Status ReceiveAll(const Socket& socket, std::span<std::byte> into, Deadline deadline);

}  // namespace disco
