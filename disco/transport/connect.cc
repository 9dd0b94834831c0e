// SPDX-License-Identifier: Apache-2.0
#include "disco/transport/connect.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "disco/transport/new_socket.h"
#include "disco/transport/resolve.h"
#include "disco/transport/tcp_stream.h"
#include "disco/transport/wait.h"

namespace disco {
namespace {

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
    DISCO_TRY(Wait({socket.fd(), POLLOUT, 0}, deadline));
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
  SetStreamOptions(socket);
  return socket;
}

Result<Socket> ConnectToAny(const Endpoint& endpoint, Deadline deadline) {
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

}  // namespace

Result<std::unique_ptr<Stream>> Connect(const Endpoint& endpoint, Deadline deadline,
                                        const SharedKeys& keys) {
  DISCO_ASSIGN(Socket socket, ConnectToAny(endpoint, deadline));
  return Secured(MakeTcpStream(std::move(socket)), keys, TlsSide::kCalls);
}

}  // namespace disco
