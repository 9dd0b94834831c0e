// SPDX-License-Identifier: Apache-2.0
// How sockets are made. Private to the module. Thread rule: pure. Errors: an invalid socket, with
// errno.
#pragma once

#include <netdb.h>

#include "disco/transport/socket.h"

namespace disco {

// Non-blocking, for the family of `address`.
Socket NewSocket(const addrinfo& address);

// Small messages at once, and probes of a silent connection. Only speed and the time to notice a
// dead machine depend on these, so a refusal is not an error.
void SetStreamOptions(const Socket& socket);

}  // namespace disco
