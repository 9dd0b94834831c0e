// SPDX-License-Identifier: Apache-2.0
// Socket: one TCP connection or listener.
//
// All sockets made here are non-blocking, close on exec, send small messages at once (TCP_NODELAY),
// notice a dead machine within about a minute (keep-alive) and never raise SIGPIPE. Thread rule: a
// socket belongs to one thread. Errors: kIo when the system refuses; kDeadline.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
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

// Waits until `listener` has a connection to accept.
Status WaitReadable(const Socket& listener, Deadline deadline);

// Whether only this machine can connect to `listener`.
Result<bool> IsOnLoopback(const Socket& listener);

// The other side's address, for messages; "?" where there is none.
std::string PeerAddress(const Socket& socket);

}  // namespace disco
