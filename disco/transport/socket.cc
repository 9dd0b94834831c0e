// SPDX-License-Identifier: Apache-2.0
#include "disco/transport/socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "disco/transport/new_socket.h"
#include "disco/transport/resolve.h"
#include "disco/transport/wait.h"

namespace disco {
namespace {

Result<sockaddr_storage> LocalAddress(const Socket& socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&address), &size) == 0) return address;
  return Fail(ErrorKind::kIo, "cannot tell the address: {}", std::strerror(errno));
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
  DISCO_ASSIGN(const sockaddr_storage address, LocalAddress(socket));
  if (address.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  }
  return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

void Socket::Shutdown() const { shutdown(fd_, SHUT_RDWR); }

Result<std::optional<Socket>> Accept(const Socket& listener) {
  Socket socket(accept4(listener.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (socket.valid()) {
    SetStreamOptions(socket);
    return std::optional(std::move(socket));
  }
  const bool shortage = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
  // All else concerns that one connection, which has gone again.
  if (!shortage) return std::optional<Socket>();
  return Fail(ErrorKind::kIo, "cannot accept a connection: {}", std::strerror(errno));
}

Result<bool> IsOnLoopback(const Socket& listener) {
  DISCO_ASSIGN(const sockaddr_storage address, LocalAddress(listener));
  constexpr uint32_t kLoopbackNet = 127;
  if (address.ss_family == AF_INET)
    return ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr) >> 24 ==
           kLoopbackNet;
  const in6_addr& bytes = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  return IN6_IS_ADDR_LOOPBACK(&bytes) != 0 ||
         (IN6_IS_ADDR_V4MAPPED(&bytes) != 0 && bytes.s6_addr[12] == kLoopbackNet);
}

Status WaitReadable(const Socket& listener, Deadline deadline) {
  return Wait({.fd = listener.fd(), .events = POLLIN, .revents = 0}, deadline);
}

std::string PeerAddress(const Socket& socket) {
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

}  // namespace disco
