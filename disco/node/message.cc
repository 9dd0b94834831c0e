// SPDX-License-Identifier: Apache-2.0
#include "disco/node/message.h"

#include <algorithm>
#include <functional>

#include "disco/base/text.h"

namespace disco {
namespace {

// When the next block of a message has to be over.
using Pace = std::function<Deadline()>;

Pace Until(Deadline deadline) {
  return [deadline] { return deadline; };
}
Pace PerBlock(Milliseconds patience) {
  return [patience] { return Deadline::In(patience); };
}

Status SendPaced(const Socket& socket, FrameHeader header, std::string_view payload,
                 const Pace& pace) {
  header.size = payload.size();
  const auto frame = EncodeFrame(header);
  DISCO_TRY(SendAll(socket, frame, pace()));
  auto left = std::as_bytes(std::span(payload));
  while (!left.empty()) {
    const auto block = left.first(std::min(left.size(), kMessageBlock));
    if (auto sent = SendAll(socket, block, pace()); !sent) {
      return At(fmt::format("{} of {} bytes of {} sent", payload.size() - left.size(),
                            payload.size(), Name(header.kind)),
                sent.error());
    }
    left = left.subspan(block.size());
  }
  return {};
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

Result<std::string> ReceivePaced(const Socket& socket, FrameKind kind, size_t largest,
                                 const Pace& pace) {
  std::array<std::byte, kFrameSize> bytes;
  DISCO_TRY(ReceiveAll(socket, bytes, pace()));
  DISCO_ASSIGN(const FrameHeader header, DecodeFrame(bytes));
  if (header.kind == FrameKind::kError) {
    DISCO_ASSIGN(std::string text,
                 ReceiveText(socket, std::min<size_t>(header.size, kMaxErrorText), pace));
    return Fail(ErrorKind::kPeer, "{}", Printable(std::move(text)));
  }
  if (header.kind != kind || header.size > largest) {
    return Fail(ErrorKind::kPeer, "it sent {} of {} bytes instead of {} of at most {}",
                Name(header.kind), header.size, Name(kind), largest);
  }
  return ReceiveText(socket, static_cast<size_t>(header.size), pace);
}

}  // namespace

Status SendMessage(const Socket& socket, FrameHeader header, std::string_view payload,
                   Deadline deadline) {
  return SendPaced(socket, header, payload, Until(deadline));
}
Status SendMessage(const Socket& socket, FrameHeader header, std::string_view payload,
                   Milliseconds patience) {
  return SendPaced(socket, header, payload, PerBlock(patience));
}

Result<std::string> ReceiveMessage(const Socket& socket, FrameKind kind, size_t largest,
                                   Deadline deadline) {
  return ReceivePaced(socket, kind, largest, Until(deadline));
}
Result<std::string> ReceiveMessage(const Socket& socket, FrameKind kind, size_t largest,
                                   Milliseconds patience) {
  return ReceivePaced(socket, kind, largest, PerBlock(patience));
}

}  // namespace disco
