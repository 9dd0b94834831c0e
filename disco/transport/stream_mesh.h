// SPDX-License-Identifier: Apache-2.0
// Mesh over connected streams, one per peer.
//
// Every wait sends pending bytes of all peers too, so members that post to one another and then
// receive make progress whatever the sizes. Flush does not receive: two members that both flush
// more than the network holds wait for one another, until the deadline. After an error on a stream
// its position is lost: give up the peer. What a peer sent before it closed can still be received.
// Destroying a mesh drops what was not flushed. Thread rule: that of Mesh. Errors: those of Mesh;
// kIo when the system refuses to wait.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "disco/base/units.h"
#include "disco/transport/mesh.h"
#include "disco/transport/stream.h"

namespace disco {

struct StreamPeer {
  std::unique_ptr<Stream> stream;  // none: no link
  std::string description;         // "node 1 (127.0.0.1:7702)"
};

struct StreamMeshOptions {
  Milliseconds spin{0.05};  // how long a wait tries before it sleeps
  // Per peer, beside the longest message: posted, but not yet taken by the network.
  Bytes max_pending{1'000'000'000};
};

// peers[i] is PeerId i; without a stream: this member itself, or one that it has no link to.
std::unique_ptr<Mesh> MakeStreamMesh(std::vector<StreamPeer> peers, StreamMeshOptions options = {});

}  // namespace disco
