// SPDX-License-Identifier: Apache-2.0
// What several commands load in the same way. Errors name the file.
#pragma once

#include <optional>
#include <string>

#include "disco/data/preprocessing.h"
#include "disco/graph/graph.h"
#include "disco/plan/plan.h"

namespace disco {

// A network with its shapes inferred for `batch` inputs at once; nothing: the batch of the file.
Result<Graph> LoadNetwork(const Path& path, std::optional<int64_t> batch = std::nullopt);

// The plan in `path`, checked against the network; without a path, one node.
Result<Plan> LoadPlan(const Path& path, const Graph& graph);

// How pictures become the network's input: `text` where given (--preprocess), else what the
// network's file says, else pixels from 0 to 1, cut from the middle.
Result<Preprocessing> PreprocessingFor(const Graph& graph, const std::string& text);

// Keys of a network's metadata.
inline constexpr const char* kPreprocessingKey = "disco.preprocessing";
inline constexpr const char* kClassesKey = "disco.classes";

// Class names from the network's metadata, one per line; empty when there are none.
std::vector<std::string> ClassNamesOf(const Graph& graph);

}  // namespace disco
