// SPDX-License-Identifier: Apache-2.0
// Ops each of whose outputs is a box of elements of input 0 (Slice, Split): where those stand.
#pragma once

#include <vector>

#include "disco/graph/graph.h"

namespace disco {

// By axis of the input: the position in it of each position of the output, which has the same axes.
using Positions = std::vector<std::vector<int64_t>>;

// Of output `slot`. The graph's shapes are inferred. Errors: kInvalid or kUnsupported naming the
// op.
Result<Positions> SelectedPositions(const Graph& graph, const Op& op, size_t slot);

}  // namespace disco
