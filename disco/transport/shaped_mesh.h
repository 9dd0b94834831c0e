// SPDX-License-Identifier: Apache-2.0
// ShapedMesh: any mesh, with links as slow as a LinkShape says, on one machine and without root.
//
// The sender knows when a message will have arrived (LinkSchedule) and posts that time and the
// message's size in a prefix of kShapePrefix bytes; the receiver gives no byte of the message out
// before. So no thread has to carry messages, a node that computes does not slow the link down, and
// what the mesh inside can do (buffers, progress, waking up) goes on while a message "travels".
// What the mesh inside takes for itself comes on top: the shape is a lower bound, good for links
// slower than loopback. A message counts with header and payload as posted; loss is per message,
// whatever its size. Streams keep their order: a late message holds up those behind it, as TCP
// does.
//
// Both ends have to wrap the same links, and to read the same clock: steady_clock of one machine.
// Across machines a real network shapes.
//
// Thread rule: that of Mesh. Errors: those of the mesh inside; kDeadline naming the peer whose
// message arrives after the deadline.
#pragma once

#include <memory>

#include "disco/transport/mesh.h"
#include "disco/transport/shape.h"

namespace disco {

// Arrival in nanoseconds of the clock, size in bytes; both 8 bytes, as the machine writes them.
inline constexpr size_t kShapePrefix = 16;

struct ShapedMeshOptions {
  LinkShape shape;
  PeerId self = 0;       // of the member whose mesh this is
  int shaped_peers = 0;  // links to peers 0 .. shaped_peers - 1 are shaped, the others are not
};

std::unique_ptr<Mesh> MakeShapedMesh(std::unique_ptr<Mesh> inner, const ShapedMeshOptions& options);

}  // namespace disco
