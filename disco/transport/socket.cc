// SPDX-License-Identifier: Apache-2.0
#include "disco/transport/socket.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "disco/transport/poll_until.h"
#include "disco/transport/resolve.h"

namespace disco {
namespace {

// Only speed and the time to notice a dead machine depend on these, so a refusal is not an error.
void SetStreamOptions(int fd) {
  const auto set = [fd](int level, int option, int value) {
    setsockopt(fd, level, option, &value, sizeof value);
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 30);   // seconds of silence before the first probe
  set(IPPROTO_TCP, TCP_KEEPINTVL, 10);  // seconds between probes
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
}

Socket NewSocket(const addrinfo& address) {
  const int type = address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC;
  return Socket(socket(address.ai_family, type, address.ai_protocol));
}

// A system error of a transfer on an open connection.
tl::unexpected<Error> Broken(int error) {
  if (error == EPIPE || error == ECONNRESET) {
    return Fail(ErrorKind::kPeer, "the other side closed the connection");
  }
  return Fail(ErrorKind::kPeer, "the connection is lost: {}", std::strerror(error));
}

tl::unexpected<Error> CannotWait(int error) {
  return Fail(ErrorKind::kIo, "cannot wait: {}", std::strerror(error));
}

// Number of bytes that the network takes now.
Result<size_t> SendSome(const Socket& socket, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count =
        send(socket.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0) return static_cast<size_t>(count);
    if (errno == EAGAIN) return 0;
    if (errno != EINTR) return Broken(errno);
  }
  return 0;
}

// Bytes sent that the other machine has not acknowledged yet.
Result<size_t> UnderWay(const Socket& socket) {
  int count = 0;
  if (ioctl(socket.fd(), SIOCOUTQ, &count) == 0) return static_cast<size_t>(count);
  return Fail(ErrorKind::kIo, "cannot tell what was sent: {}", std::strerror(errno));
}

Status Wait(std::span<pollfd> polls, Deadline deadline) {
  while (true) {
    const int ready = PollUntil(polls, deadline);
    if (ready > 0) return {};
    if (ready == 0) return Fail(ErrorKind::kDeadline, "the other side did not answer in time");
    if (errno != EINTR) return CannotWait(errno);
  }
}

Status Wait(const Socket& socket, short events, Deadline deadline) {
  pollfd poll{.fd = socket.fd(), .events = events, .revents = 0};
  return Wait({&poll, 1}, deadline);
}

// Loopback can connect a socket to itself when the port it seeks is in the range it may get.
bool IsConnectedToItself(const Socket& socket) {
  sockaddr_storage here{}, there{};
  socklen_t here_size = sizeof here, there_size = sizeof there;
  return getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&here), &here_size) == 0 &&
         getpeername(socket.fd(), reinterpret_cast<sockaddr*>(&there), &there_size) == 0 &&
         here_size == there_size && std::memcmp(&here, &there, here_size) == 0;
}

// 0, or the system's reason why the connection failed. Errors: kDeadline.
Result<int> ConnectOutcome(const Socket& socket, const addrinfo& address, Deadline deadline) {
  if (connect(socket.fd(), address.ai_addr, address.ai_addrlen) != 0) {
    if (errno != EINPROGRESS && errno != EINTR) return errno;
    DISCO_TRY(Wait(socket, POLLOUT, deadline));
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
    if (error != 0) return error;
  }
  return IsConnectedToItself(socket) ? ECONNREFUSED : 0;
}

Result<Socket> ConnectTo(const Endpoint& endpoint, const addrinfo& address, Deadline deadline) {
  const std::string name = ToString(endpoint);
  Socket socket = NewSocket(address);
  if (!socket.valid()) {
    return Fail(ErrorKind::kIo, "cannot open a connection to {}: {}", name, std::strerror(errno));
  }
  const Result<int> outcome = ConnectOutcome(socket, address, deadline);
  if (!outcome) return At(name, outcome.error());
  if (*outcome == ECONNREFUSED) {
    return Fail(ErrorKind::kPeer,
                "nobody listens at {}; start it there with: disco node --listen {}", name, name);
  }
  if (*outcome != 0) {
    return Fail(ErrorKind::kPeer, "cannot reach {}: {}", name, std::strerror(*outcome));
  }
  SetStreamOptions(socket.fd());
  return socket;
}

}  // namespace

Socket::~Socket() {
  if (valid()) close(fd_);
}

Result<Socket> Listen(const Endpoint& endpoint) {
  constexpr Milliseconds kPatience{10000};  // for the name server, should `endpoint` hold a name
  DISCO_ASSIGN(const AddressList addresses, Resolve(endpoint, Deadline::In(kPatience)));
  Socket listener = NewSocket(*addresses);
  const int reuse = 1;
  if (!listener.valid() ||
      setsockopt(listener.fd(), SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse) != 0 ||
      bind(listener.fd(), addresses->ai_addr, addresses->ai_addrlen) != 0 ||
      listen(listener.fd(), SOMAXCONN) != 0) {
    return Fail(ErrorKind::kIo, "cannot listen at {}: {}; choose another address with --listen",
                ToString(endpoint), std::strerror(errno));
  }
  return listener;
}

Result<uint16_t> LocalPort(const Socket& socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return Fail(ErrorKind::kIo, "cannot tell the port: {}", std::strerror(errno));
  }
  if (address.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  }
  return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

void Socket::Shutdown() const { shutdown(fd_, SHUT_RDWR); }

Result<std::optional<Socket>> Accept(const Socket& listener) {
  Socket socket(accept4(listener.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (socket.valid()) {
    SetStreamOptions(socket.fd());
    return std::optional(std::move(socket));
  }
  const bool shortage = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
  // All else concerns that one connection, which has gone again.
  if (!shortage) return std::optional<Socket>();
  return Fail(ErrorKind::kIo, "cannot accept a connection: {}", std::strerror(errno));
}

Result<Socket> Connect(const Endpoint& endpoint, Deadline deadline) {
  DISCO_ASSIGN(const AddressList addresses, Resolve(endpoint, deadline));
  int left = 0;
  for (const addrinfo* i = addresses.get(); i != nullptr; i = i->ai_next) ++left;
  for (const addrinfo* i = addresses.get();; i = i->ai_next, --left) {
    // An address that never answers must leave time for the others.
    const Deadline share = left == 1 ? deadline : Deadline::In(deadline.Left() / left);
    Result<Socket> socket = ConnectTo(endpoint, *i, share);
    if (socket || i->ai_next == nullptr) return socket;
  }
}

Status WaitReadable(const Socket& socket, Deadline deadline) {
  return Wait(socket, POLLIN, deadline);
}

Result<size_t> WaitAnyReadable(std::span<const Socket* const> sockets, Deadline deadline) {
  std::vector<pollfd> polls;
  for (const Socket* socket : sockets)
    polls.push_back({.fd = socket->fd(), .events = POLLIN, .revents = 0});
  DISCO_TRY(Wait(polls, deadline));
  const auto ready = std::find_if(polls.begin(), polls.end(),
                                  [](const pollfd& poll) { return poll.revents != 0; });
  return static_cast<size_t>(ready - polls.begin());
}

bool HasClosed(const Socket& socket) {
  std::byte byte{};
  const ssize_t count = recv(socket.fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR);
}

Status SendAll(const Socket& socket, std::span<const std::byte> bytes, Deadline deadline) {
  while (true) {
    DISCO_ASSIGN(const size_t sent, SendSome(socket, bytes));
    bytes = bytes.subspan(sent);
    if (bytes.empty()) return {};
    DISCO_TRY(Wait(socket, POLLOUT, deadline));
  }
}

Status SendSteadily(const Socket& socket, std::span<const std::byte> bytes, const Pace& pace) {
  constexpr Milliseconds kLook{20};  // between looks at what has arrived, of which no event tells
  size_t sent = 0, arrived_at_start = 0;
  Deadline deadline = Deadline::In(pace.patience);
  while (true) {
    DISCO_ASSIGN(const size_t count, SendSome(socket, bytes.subspan(sent)));
    sent += count;
    DISCO_ASSIGN(const size_t under_way, UnderWay(socket));
    const size_t arrived = sent - std::min(sent, under_way);
    if (arrived == bytes.size()) return {};
    if (arrived >= arrived_at_start + pace.block) {
      arrived_at_start = arrived;
      deadline = Deadline::In(pace.patience);
    }
    if (deadline.Passed()) {
      return Fail(ErrorKind::kDeadline, "{} of {} bytes arrived, and no {} more in {:g} s", arrived,
                  bytes.size(), pace.block, pace.patience.count() / 1e3);
    }
    const short writable = sent < bytes.size() ? POLLOUT : 0;
    pollfd poll{.fd = socket.fd(), .events = static_cast<short>(POLLIN | writable), .revents = 0};
    const int ready = PollUntil({&poll, 1}, Deadline::In(std::min(kLook, deadline.Left())));
    if (ready < 0 && errno != EINTR) return CannotWait(errno);
    if (ready > 0 && (poll.revents & ~POLLOUT) != 0) return {};
  }
}

Status ReceiveAll(const Socket& socket, std::span<std::byte> into, Deadline deadline) {
  while (!into.empty()) {
    const ssize_t count = recv(socket.fd(), into.data(), into.size(), MSG_DONTWAIT);
    if (count == 0) return Broken(ECONNRESET);
    if (count > 0) {
      into = into.subspan(static_cast<size_t>(count));
    } else if (errno == EAGAIN) {
      DISCO_TRY(Wait(socket, POLLIN, deadline));
    } else if (errno != EINTR) {
      return Broken(errno);
    }
  }
  return {};
}

}  // namespace disco
