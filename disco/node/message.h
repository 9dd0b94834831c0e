// SPDX-License-Identifier: Apache-2.0
// Whole messages on a socket, before a mesh stands: the texts of opening a session. Private to the
// room. Thread rule: that of Socket. Errors: kPeer, kDeadline; a refusal of the other side comes
// with its text.
#pragma once

#include <string>

#include "disco/transport/frame.h"
#include "disco/transport/socket.h"

namespace disco {

Status SendMessage(const Socket& socket, FrameHeader header, std::string_view payload,
                   Deadline deadline);
// A long one: `patience` is the time for each kMessageBlock of it, so that a slow link is no error
// and a dead one is.
Status SendMessage(const Socket& socket, FrameHeader header, std::string_view payload,
                   Milliseconds patience);
inline constexpr size_t kMessageBlock = size_t{1} << 18;

// Receives a message of `kind` with at most `largest` bytes; memory grows with what arrives, not
// with what is claimed.
Result<std::string> ReceiveMessage(const Socket& socket, FrameKind kind, size_t largest,
                                   Deadline deadline);
Result<std::string> ReceiveMessage(const Socket& socket, FrameKind kind, size_t largest,
                                   Milliseconds patience);

}  // namespace disco
