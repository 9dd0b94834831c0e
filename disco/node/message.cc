// SPDX-License-Identifier: Apache-2.0
#include "disco/node/message.h"

#include <algorithm>

#include "disco/base/text.h"

namespace disco {
namespace {

// When the next block of a message has to be over; asked before each.
using Pace = std::function<Deadline()>;

Pace Until(Deadline deadline) {
  return [deadline] { return deadline; };
}

Result<std::string> ReceiveText(const Socket& socket, size_t size, const Pace& pace) {
  std::string text;
  text.reserve(size);  // address space: a page is taken when bytes come for it, and none is copied
  while (text.size() < size) {
    const size_t have = text.size();
    text.resize(std::min(size, have + kMessageBlock));
    DISCO_TRY(ReceiveAll(socket, std::as_writable_bytes(std::span(text).subspan(have)), pace()));
  }
  return text;
}

Result<std::string> ReceivePaced(const Socket& socket, const FrameHeader& expected,
                                 const Pace& pace) {
  std::array<std::byte, kFrameSize> bytes;
  DISCO_TRY(ReceiveAll(socket, bytes, pace()));
  DISCO_ASSIGN(const FrameHeader header, DecodeFrame(bytes));
  if (header.kind == FrameKind::kError) {
    DISCO_ASSIGN(std::string text,
                 ReceiveText(socket, std::min<size_t>(header.size, kMaxErrorText), pace));
    return Fail(ErrorKind::kPeer, "{}", Printable(std::move(text)));
  }
  if (header.kind != expected.kind || header.size > expected.size) {
    return Fail(ErrorKind::kPeer, "it sent {} of {} bytes instead of {} of at most {}",
                Name(header.kind), header.size, Name(expected.kind), expected.size);
  }
  FrameHeader of_its_size = expected;
  of_its_size.size = header.size;
  DISCO_TRY(ExpectFrame(header, of_its_size));
  return ReceiveText(socket, static_cast<size_t>(header.size), pace);
}

}  // namespace

Status SendMessage(const Socket& socket, FrameHeader header, std::string_view payload,
                   Deadline deadline) {
  header.size = payload.size();
  DISCO_TRY(SendAll(socket, EncodeFrame(header), deadline));
  return SendAll(socket, std::as_bytes(std::span(payload)), deadline);
}

Status SendMessage(const Socket& socket, FrameHeader header, std::string_view payload,
                   Milliseconds patience) {
  header.size = payload.size();
  DISCO_TRY(SendAll(socket, EncodeFrame(header), Deadline::In(patience)));
  return SendSteadily(socket, std::as_bytes(std::span(payload)), {patience, kMessageBlock});
}

Result<std::string> ReceiveMessage(const Socket& socket, const FrameHeader& expected,
                                   Deadline deadline) {
  return ReceivePaced(socket, expected, Until(deadline));
}
Result<std::string> ReceiveMessage(const Socket& socket, const FrameHeader& expected,
                                   Milliseconds patience, const std::function<void()>& on_block) {
  return ReceivePaced(socket, expected, [&] {
    on_block();
    return Deadline::In(patience);
  });
}

}  // namespace disco
