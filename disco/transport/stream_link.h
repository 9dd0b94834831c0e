// SPDX-License-Identifier: Apache-2.0
// One peer of a StreamMesh: its stream, and the bytes that the network would not take yet. Nothing
// here waits. Private to the module. Thread rule: one thread, except Shutdown. Errors: kPeer,
// naming the peer.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include "disco/transport/byte_queue.h"
#include "disco/transport/stream_mesh.h"

namespace disco {

class StreamLink {
 public:
  explicit StreamLink(StreamPeer peer) : peer_(std::move(peer)) {}

  bool connected() const { return peer_.stream != nullptr; }
  const std::string& description() const { return peer_.description; }
  size_t pending() const { return pending_.size(); }
  pollfd AwaitRead() const { return peer_.stream->AwaitRead(); }
  pollfd AwaitWrite() const { return peer_.stream->AwaitWrite(); }

  // Sends what the network takes now and keeps a copy of the rest. Errors also: kPeer when more
  // than `max_pending` waits, beside the longest message.
  Status Post(std::span<const std::byte> header, std::span<const std::byte> payload,
              Bytes max_pending);
  // What the network takes now; sending() tells when that failed.
  void SendPending();
  // Whether all that was posted was sent or may yet be.
  const Status& sending() const { return sending_; }

  // Number of bytes that were there; 0: none yet.
  Result<size_t> ReceiveSome(std::span<std::byte> into);
  // Whether ReceiveSome would give bytes or an error.
  bool HasNews() { return peer_.stream->HasNews(); }

  // Safe from any thread.
  void Shutdown() const {
    if (connected()) peer_.stream->Shutdown();
  }

 private:
  // Shortens both by what the network takes now.
  void SendSome(std::span<const std::byte>& first, std::span<const std::byte>& second);

  StreamPeer peer_;
  ByteQueue pending_;
  size_t largest_ = 0;  // message so far
  Status sending_;      // the first failure stays; receiving may go on
};

}  // namespace disco
