// SPDX-License-Identifier: Apache-2.0
#include "disco/transport/message_reader.h"

#include <algorithm>

#include "disco/base/text.h"

namespace disco {
namespace {

// The first bytes of a TLS connection: a handshake or an alert, of any version 3.x.
bool StartsLikeTls(std::span<const std::byte> bytes) {
  constexpr std::byte kAlert{21}, kHandshake{22}, kMajorVersion{3};
  return bytes.size() >= 2 && (bytes[0] == kAlert || bytes[0] == kHandshake) &&
         bytes[1] == kMajorVersion;
}

}  // namespace

std::span<std::byte> MessageReader::missing() {
  if (in_header()) return std::span(header_bytes_).subspan(header_filled_);
  return std::as_writable_bytes(std::span(text_)).subspan(text_filled_);
}

Status MessageReader::Filled(size_t count) {
  if (in_header()) {
    header_filled_ += count;
    if (StartsLikeTls(std::span(header_bytes_).first(header_filled_))) {
      return Fail(ErrorKind::kPeer,
                  "the other side speaks TLS, this side has no keys; give both sides keys of one "
                  "cluster with --keys DIR");
    }
    return in_header() ? Status() : ReadHeader();
  }
  text_filled_ += count;
  return text_filled_ == text_.size() ? NextBlock() : Status();
}

Status MessageReader::ReadHeader() {
  DISCO_ASSIGN(header_, DecodeFrame(header_bytes_));
  if (header_.kind == FrameKind::kError) {
    header_.size = std::min<uint64_t>(header_.size, kMaxErrorText);
  } else if (header_.kind != expected_.kind || header_.size > expected_.most) {
    return Fail(ErrorKind::kPeer, "it sent {} of {} bytes instead of {} of at most {}",
                Name(header_.kind), header_.size, Name(expected_.kind), expected_.most);
  } else {
    FrameHeader due = {.kind = expected_.kind, .plan_hash = expected_.plan_hash};
    if (expected_.any_plan) due.plan_hash = header_.plan_hash;
    due.size = header_.size;
    DISCO_TRY(ExpectFrame(header_, due));
  }
  // Address space: a page is taken when bytes come for it, and none is copied.
  text_.reserve(static_cast<size_t>(header_.size));
  return NextBlock();
}

Status MessageReader::NextBlock() {
  const auto size = static_cast<size_t>(header_.size);
  if (text_filled_ < size) {
    text_.resize(std::min(size, text_filled_ + kMessageBlock));
    return {};
  }
  if (header_.kind == FrameKind::kError)
    return Fail(ErrorKind::kPeer, "{}", Printable(std::move(text_)));
  done_ = true;
  return {};
}

}  // namespace disco
