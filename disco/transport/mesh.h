// SPDX-License-Identifier: Apache-2.0
// Mesh: how bytes move between the members of one session (the nodes and their caller).
//
// A mesh knows bytes, peers and deadlines, and nothing of tensors. Towards every peer there is one
// ordered byte stream each way. Implementations: MemoryMesh (members in one process), StreamMesh,
// ShapedMesh and FaultyMesh, which make the links of another slow or let them fail. Thread rule: a
// mesh belongs to one thread; only Shutdown may be called from another. Errors: kPeer when a peer
// is gone or was shut down, kDeadline when a wait ends too late; the message names the peer as
// Describe does.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "disco/base/clock.h"
#include "disco/base/result.h"

namespace disco {

// Position of a member in its session.
using PeerId = int;

class Mesh {
 public:
  virtual ~Mesh() = default;

  // Sends `header` and then `payload` (either may be empty) to `to`. Never waits for the peer: what
  // the network does not take at once is copied, and goes out while later calls on this mesh wait.
  // The caller may reuse both spans at once.
  virtual Status Post(PeerId to, std::span<const std::byte> header,
                      std::span<const std::byte> payload) = 0;

  // Fills `into` with the next bytes from `from`. Sleeps while there are none; may spin for a
  // moment before.
  virtual Status Receive(PeerId from, std::span<std::byte> into, Deadline deadline) = 0;

  // Waits until one of `peers` has at least one byte to receive, or has gone; says which. With no
  // peers it only waits.
  virtual Result<PeerId> WaitAny(std::span<const PeerId> peers, Deadline deadline) = 0;

  // Waits until all that was posted has been handed to the network.
  virtual Status Flush(Deadline deadline) = 0;

  // Makes the present wait and every later call of this mesh fail with kPeer, and lets the peers
  // notice. Safe from any thread.
  virtual void Shutdown() = 0;

  // For messages: "node 1 (127.0.0.1:7702)".
  virtual std::string Describe(PeerId peer) const = 0;
};

}  // namespace disco
