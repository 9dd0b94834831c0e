// SPDX-License-Identifier: Apache-2.0
// MessageReader: puts one message together from the pieces that arrive.
//
// A payload grows by blocks of kMessageBlock: memory follows what has arrived, not what the header
// claims. Thread rule: a plain value. Errors: kPeer, saying what is wrong with the message; the
// text of a kError message.
#pragma once

#include <string>

#include "disco/transport/frame.h"

namespace disco {

inline constexpr size_t kMessageBlock = size_t{1} << 14;

class MessageReader {
 public:
  // What may come: this kind, at most this size and, where `any_plan` is false, this plan.
  struct Expected {
    FrameKind kind = FrameKind::kHello;
    uint64_t most = 0;
    uint64_t plan_hash = 0;
    bool any_plan = false;
  };
  explicit MessageReader(const Expected& expected) : expected_(expected) {}

  bool done() const { return done_; }
  // What to fill next: the rest of the header, or of a block of the payload; not empty before done.
  std::span<std::byte> missing();
  // The first `count` bytes of missing() have been filled.
  Status Filled(size_t count);

  // When done.
  const FrameHeader& header() const { return header_; }
  std::string TakeText() { return std::move(text_); }

 private:
  bool in_header() const { return header_filled_ < kFrameSize; }
  Status ReadHeader();
  Status NextBlock();

  Expected expected_;
  std::array<std::byte, kFrameSize> header_bytes_{};
  size_t header_filled_ = 0;
  FrameHeader header_;
  std::string text_;
  size_t text_filled_ = 0;
  bool done_ = false;
};

}  // namespace disco
