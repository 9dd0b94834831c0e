// SPDX-License-Identifier: Apache-2.0
// FaultyMesh: any mesh, with links that fail now and then, by seed: for tests of what stands on it.
//
// Faults befall messages as they are posted, header and payload together; only the sender is
// wrapped. The n-th message over a link has the same fault whatever the other links do. Thread
// rule: that of Mesh. Errors: those of the mesh inside; kPeer naming the peer whose link is cut.
#pragma once

#include <memory>

#include "disco/transport/mesh.h"

namespace disco {

// Chances are of each message, from 0 to 1.
struct Faults {
  double drop = 0;     // it is not sent
  double delay = 0;    // it is sent later, up to longest_delay; its sender waits
  double corrupt = 0;  // one byte of it has another value
  double cut = 0;      // neither it nor anything later crosses the link; the peer is not told
  Milliseconds longest_delay{20};
  uint64_t seed = 0;
};

struct FaultyMeshOptions {
  Faults faults;
  PeerId self = 0;       // of the member whose mesh this is
  int faulty_peers = 0;  // links to peers 0 .. faulty_peers - 1 are faulty, the others are not
};

std::unique_ptr<Mesh> MakeFaultyMesh(std::unique_ptr<Mesh> inner, const FaultyMeshOptions& options);

}  // namespace disco
