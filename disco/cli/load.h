// SPDX-License-Identifier: Apache-2.0
// What several commands load in the same way. Errors name the file.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "disco/data/network_metadata.h"
#include "disco/data/preprocessing.h"
#include "disco/graph/graph.h"
#include "disco/plan/bound_plan.h"

namespace disco {

// A network as its file says, its shapes not yet inferred. Refuses a shard: it is no network to
// plan, cut or run.
Result<Graph> ReadNetwork(const Path& path);

// A network with its shapes inferred for `batch` inputs at once; nothing: the batch of the file.
Result<Graph> LoadNetwork(const Path& path, std::optional<int64_t> batch = std::nullopt);

// The same of a file that may also be a shard.
Result<Graph> LoadNetworkOrShard(const Path& path);

// What a command reads and must not write over: the network, its weights, and `others`; empty paths
// are left out.
std::vector<Path> InputFiles(const Path& network, std::initializer_list<Path> others);

// The network with the plan in `path`; without a path, for one node.
Result<BoundPlan> LoadPlan(const Path& path, const Graph& graph);

// How pictures become the network's input: `text` where given (--preprocess), else what the
// network's file says, else pixels from 0 to 1, cut from the middle. They fill the input exactly.
Result<Preprocessing> PreprocessingFor(const Graph& graph, const std::string& text);

// Class names from the network's metadata, one per line; empty when there are none.
std::vector<std::string> ClassNamesOf(const Graph& graph);

}  // namespace disco
