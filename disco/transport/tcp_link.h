// SPDX-License-Identifier: Apache-2.0
// One peer of a TcpMesh: its socket, and the bytes that the network would not take yet. Nothing
// here waits. Private to the room. Thread rule: one thread, except Shutdown. Errors: kPeer, naming
// the peer.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include "disco/transport/byte_queue.h"
#include "disco/transport/tcp_mesh.h"

namespace disco {

class TcpLink {
 public:
  explicit TcpLink(TcpPeer peer) : peer_(std::move(peer)) {}

  bool connected() const { return peer_.socket.valid(); }
  int fd() const { return peer_.socket.fd(); }
  const std::string& description() const { return peer_.description; }
  size_t pending() const { return pending_.size(); }

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
  bool HasNews() const;

  // Safe from any thread.
  void Shutdown() const;

 private:
  // Shortens both by what the network takes now.
  void SendSome(std::span<const std::byte>& first, std::span<const std::byte>& second);
  tl::unexpected<Error> Broken(int error) const;

  TcpPeer peer_;
  ByteQueue pending_;
  size_t largest_ = 0;  // message so far
  Status sending_;      // the first failure stays; receiving may go on
};

}  // namespace disco
