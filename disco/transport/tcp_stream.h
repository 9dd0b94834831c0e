// SPDX-License-Identifier: Apache-2.0
// TcpStream: a stream over one TCP connection, in plain text. Thread rule and errors: those of
// Stream.
#pragma once

#include "disco/transport/socket.h"
#include "disco/transport/stream.h"

namespace disco {

std::unique_ptr<Stream> MakeTcpStream(Socket socket);

}  // namespace disco
