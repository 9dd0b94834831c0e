// SPDX-License-Identifier: Apache-2.0
// Messages that leave together: a Send with `with_next` and the next Send of its node to the same
// other node. Thread rule: pure.
#pragma once

#include <optional>
#include <vector>

#include "disco/graph/graph.h"
#include "disco/plan/traffic.h"

namespace disco {

// Towards one node. What is longer is not worth its copy, and leaves at once.
inline constexpr Bytes kMostHeld{32 * 1024};

// By op of a shard: of a Send, the next one to the same node, if the node neither waits nor ends
// before.
std::vector<std::optional<size_t>> Followers(const Graph& shard);

// Only Sends that have a follower, and whose payload may be held, keep `with_next`.
void KeepFollowed(Graph& shard, const std::vector<Transfer>& traffic);

}  // namespace disco
