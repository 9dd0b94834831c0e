// SPDX-License-Identifier: Apache-2.0
// The way to a stream: a connection to an endpoint. Thread rule: pure, but may ask a name server.
// Errors: kPeer when the endpoint cannot be reached, with the command that starts a node there;
// kDeadline; kIo when the system refuses.
#pragma once

#include <memory>

#include "disco/transport/endpoint.h"
#include "disco/transport/stream.h"
#include "disco/transport/tls_stream.h"

namespace disco {

// Tries all addresses of the host; looking them up is within the deadline. With keys, TLS.
Result<std::unique_ptr<Stream>> Connect(const Endpoint& endpoint, Deadline deadline,
                                        const SharedKeys& keys = nullptr);

}  // namespace disco
