// SPDX-License-Identifier: Apache-2.0
// Channel: whole messages to and from one peer, each with a deadline: how a session is opened,
// before its mesh stands. Thread rule: that of Stream. Errors: kPeer, kDeadline; a refusal of the
// other side comes with its text.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "disco/transport/frame.h"
#include "disco/transport/stream.h"

namespace disco {

class Channel {
 public:
  Channel() = default;  // not connected
  explicit Channel(std::unique_ptr<Stream> stream) : stream_(std::move(stream)) {}

  bool connected() const { return stream_ != nullptr; }
  // Below are for connected channels.
  Stream& stream() { return *stream_; }
  // For a mesh; nothing that has arrived is lost.
  std::unique_ptr<Stream> TakeStream() { return std::move(stream_); }
  void Shutdown() const { stream_->Shutdown(); }

  // The size of the header is set to that of `payload`.
  Status Send(FrameHeader header, std::string_view payload, Deadline deadline);
  // A long one: `patience` is the time for each block of 16 KiB to arrive, so that a slow link is
  // no error and a dead one is. Returns early, with success, when the other side says something
  // meanwhile: that is what to receive next.
  Status Send(FrameHeader header, std::string_view payload, Milliseconds patience);
  // Tells the other side why nothing more comes; waits for nothing, so it may not hear.
  void Refuse(std::string_view why);

  // The next message, which has to be of the kind and plan of `expected`, with at most its size.
  Result<std::string> Receive(const FrameHeader& expected, Deadline deadline);
  // A long one; `on_block` is called before the header and each block are waited for.
  Result<std::string> Receive(const FrameHeader& expected, Milliseconds patience,
                              const std::function<void()>& on_block);

 private:
  // When the next block has to be there; asked before each.
  using NextDeadline = std::function<Deadline()>;
  Result<std::string> ReceivePaced(const FrameHeader& expected, const NextDeadline& next);

  std::unique_ptr<Stream> stream_;
};

}  // namespace disco
