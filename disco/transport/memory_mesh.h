// SPDX-License-Identifier: Apache-2.0
// Meshes whose members live in one process, over byte queues in memory: the embedded default, and
// the simplest network there is for tests. Waits sleep at once, leaving the cores to other members.
//
// Thread rule: one thread per mesh, as Mesh says; different meshes of one set run on different
// threads. Destroying a mesh shuts it down: its peers receive what it had posted, then kPeer.
// Errors: those of Mesh.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "disco/transport/mesh.h"

namespace disco {

// One mesh per member; `names[i]` describes member i in messages ("member i" where names end).
std::vector<std::unique_ptr<Mesh>> MakeMemoryMeshes(int members,
                                                    std::vector<std::string> names = {});

}  // namespace disco
