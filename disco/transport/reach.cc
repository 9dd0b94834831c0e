// SPDX-License-Identifier: Apache-2.0
#include "disco/transport/reach.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

#include "disco/transport/resolve.h"
#include "disco/transport/socket.h"

namespace disco {
namespace {

// 127.0.0.0/8; 0.0.0.0, which connects to the same machine, too.
bool IsLoopback(const in_addr& address) {
  const uint32_t bits = ntohl(address.s_addr);
  return bits >> 24 == 127 || bits == 0;
}

bool IsLoopback(const in6_addr& address) {
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    in_addr mapped{};
    std::memcpy(&mapped, &address.s6_addr[12], sizeof mapped);
    return IsLoopback(mapped);
  }
  return IN6_IS_ADDR_LOOPBACK(&address) || IN6_IS_ADDR_UNSPECIFIED(&address);
}

bool IsLoopback(const sockaddr& address) {
  if (address.sa_family == AF_INET6)
    return IsLoopback(reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
  return IsLoopback(reinterpret_cast<const sockaddr_in&>(address).sin_addr);
}

// The system binds to addresses of its own, and to no other.
bool IsOwn(const addrinfo& address) {
  const Socket socket(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage any_port{};
  std::memcpy(&any_port, address.ai_addr, address.ai_addrlen);
  // The port is at the same place in both families.
  reinterpret_cast<sockaddr_in&>(any_port).sin_port = 0;
  return socket.valid() &&
         bind(socket.fd(), reinterpret_cast<const sockaddr*>(&any_port), address.ai_addrlen) == 0;
}

}  // namespace

Result<Reach> ReachOf(const Endpoint& endpoint, Deadline deadline) {
  DISCO_ASSIGN(const AddressList addresses, Resolve(endpoint, deadline));
  if (IsLoopback(*addresses->ai_addr)) return Reach::kLoopback;
  return IsOwn(*addresses) ? Reach::kThisMachine : Reach::kElsewhere;
}

}  // namespace disco
