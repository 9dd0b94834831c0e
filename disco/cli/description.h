// SPDX-License-Identifier: Apache-2.0
// What a network or a shard is made of, in figures. Thread rule: pure.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "disco/graph/graph.h"

namespace disco {

// The graph's shapes have to be inferred. Which ops run whole on every node is said of a network
// only: a shard is split already.
nlohmann::ordered_json Description(const Graph& graph);

}  // namespace disco
