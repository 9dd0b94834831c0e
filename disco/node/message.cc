// SPDX-License-Identifier: Apache-2.0
#include "disco/node/message.h"

#include <algorithm>

namespace disco {
namespace {

constexpr size_t kBlock = size_t{1} << 20;  // how far memory runs ahead of what has arrived

Result<std::string> ReceiveText(const Socket& socket, size_t size, Deadline deadline) {
  std::string text;
  while (text.size() < size) {
    const size_t have = text.size();
    text.resize(std::min(size, have + kBlock));
    DISCO_TRY(ReceiveAll(socket, std::as_writable_bytes(std::span(text).subspan(have)), deadline));
  }
  return text;
}

}  // namespace

Status SendMessage(const Socket& socket, FrameHeader header, std::string_view payload,
                   Deadline deadline) {
  header.size = payload.size();
  const auto frame = EncodeFrame(header);
  DISCO_TRY(SendAll(socket, frame, deadline));
  return SendAll(socket, std::as_bytes(std::span(payload)), deadline);
}

Result<std::string> ReceiveMessage(const Socket& socket, FrameKind kind, size_t largest,
                                   Deadline deadline) {
  std::array<std::byte, kFrameSize> bytes;
  DISCO_TRY(ReceiveAll(socket, bytes, deadline));
  DISCO_ASSIGN(const FrameHeader header, DecodeFrame(bytes));
  if (header.kind == FrameKind::kError) {
    DISCO_ASSIGN(std::string text,
                 ReceiveText(socket, std::min<size_t>(header.size, kMaxErrorText), deadline));
    return Fail(ErrorKind::kPeer, "{}", Printable(std::move(text)));
  }
  if (header.kind != kind || header.size > largest) {
    return Fail(ErrorKind::kPeer, "it sent {} of {} bytes instead of {} of at most {}",
                Name(header.kind), header.size, Name(kind), largest);
  }
  return ReceiveText(socket, static_cast<size_t>(header.size), deadline);
}

}  // namespace disco
