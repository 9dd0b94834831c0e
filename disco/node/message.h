// SPDX-License-Identifier: Apache-2.0
// Whole messages on a socket, before a mesh stands: the texts of opening a session. Private to the
// room. Thread rule: that of Socket. Errors: kPeer, kDeadline; a refusal of the other side comes
// with its text.
#pragma once

#include <functional>
#include <string>

#include "disco/transport/frame.h"
#include "disco/transport/socket.h"

namespace disco {

Status SendMessage(const Socket& socket, FrameHeader header, std::string_view payload,
                   Deadline deadline);
// A long one: `patience` is the time for each kMessageBlock of it to arrive, so that a slow link is
// no error and a dead one is. Returns early, with success, when the other side says something
// meanwhile: that is what to hear next.
Status SendMessage(const Socket& socket, FrameHeader header, std::string_view payload,
                   Milliseconds patience);
inline constexpr size_t kMessageBlock = size_t{1} << 14;

// Receives a message of the kind and plan of `expected`, with at most its size; memory grows with
// what arrives, not with what is claimed.
Result<std::string> ReceiveMessage(const Socket& socket, const FrameHeader& expected,
                                   Deadline deadline);
// A long one; `on_block` is called before the header and each block are waited for.
Result<std::string> ReceiveMessage(const Socket& socket, const FrameHeader& expected,
                                   Milliseconds patience, const std::function<void()>& on_block);

}  // namespace disco
