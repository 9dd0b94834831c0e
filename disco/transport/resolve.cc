// SPDX-License-Identifier: Apache-2.0
#include "disco/transport/resolve.h"

#include <sys/socket.h>

#include <string>

namespace disco {

Result<AddressList> Resolve(const Endpoint& endpoint) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* first = nullptr;
  const std::string port = std::to_string(endpoint.port);
  const int error = getaddrinfo(endpoint.host.c_str(), port.c_str(), &hints, &first);
  if (error != 0) {
    return Fail(ErrorKind::kPeer, "cannot find host '{}': {}; check the name, or give its address",
                endpoint.host, gai_strerror(error));
  }
  return AddressList(first);
}

}  // namespace disco
