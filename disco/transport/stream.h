// SPDX-License-Identifier: Apache-2.0
// Stream: bytes to and from one peer, in order. Nothing in the class waits; the functions below do.
//
// A reader calls ReadSome until it gives 0, and only then polls for what AwaitRead says: a stream
// may hold bytes of which the system does not know. The same goes for writing.
// Thread rule: a stream belongs to one thread; only Shutdown may be called from another. Errors:
// kPeer when the other side has closed or broke the protocol of the stream, after which the stream
// is over. Messages speak of "the other side"; who knows its name puts it in front with At.
#pragma once

#include <poll.h>

#include <array>
#include <cstddef>
#include <memory>
#include <span>

#include "disco/base/clock.h"
#include "disco/base/result.h"

namespace disco {

class Stream {
 public:
  virtual ~Stream() = default;

  // Number of bytes that were there; 0: none yet.
  Result<size_t> ReadSome(std::span<std::byte> into);
  // Whether ReadSome would give bytes or an error; reads ahead to know.
  bool HasNews();
  // Whether ReadSome would give an error.
  bool HasEnded();

  // How many bytes of `first`, and then of `second`, the network takes now. What it did not take
  // has to be offered again before anything else.
  virtual Result<size_t> WriteSome(std::span<const std::byte> first,
                                   std::span<const std::byte> second) = 0;

  // What to poll for after ReadSome, or WriteSome, gave 0.
  virtual pollfd AwaitRead() const = 0;
  virtual pollfd AwaitWrite() const = 0;

  // Bytes that the network took and the other machine has not acknowledged yet.
  virtual Result<size_t> UnderWay() const = 0;

  // Ends both directions: waits end, here and there. Safe from any thread.
  virtual void Shutdown() const = 0;

 protected:
  // ReadSome of what was not read ahead.
  virtual Result<size_t> Receive(std::span<std::byte> into) = 0;

 private:
  std::span<const std::byte> ahead() const { return std::span(ahead_).subspan(begin_, size_); }

  std::array<std::byte, 64> ahead_{};  // a frame header fits
  size_t begin_ = 0, size_ = 0;        // of what was read ahead
  Status ended_;                       // the error that reading ahead met
};

// Waits until the stream has news.
Status WaitForNews(Stream& stream, Deadline deadline);
// The same for several: the index of the first that has news.
Result<size_t> WaitForNews(std::span<Stream* const> streams, Deadline deadline);

Status SendAll(Stream& stream, std::span<const std::byte> first, std::span<const std::byte> second,
               Deadline deadline);
inline Status SendAll(Stream& stream, std::span<const std::byte> bytes, Deadline deadline) {
  return SendAll(stream, bytes, {}, deadline);
}
Status ReceiveAll(Stream& stream, std::span<std::byte> into, Deadline deadline);

// The least speed of a transfer that counts as alive: `block` bytes in every `patience`.
struct Pace {
  Milliseconds patience{0};
  size_t block = 1;
};

// Sends, and waits until the other machine has all of it. Returns early, with success, when the
// other side sends something or closes. Errors also: kDeadline, when it is slower than `pace`.
Status SendSteadily(Stream& stream, std::span<const std::byte> bytes, const Pace& pace);

}  // namespace disco
