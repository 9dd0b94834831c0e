// SPDX-License-Identifier: Apache-2.0
// Where the elements of a Pad come from; shared by the kernels.
// Errors: kInvalid or kUnsupported naming the op. Thread rule: pure.
#pragma once

#include <cstddef>
#include <vector>

#include "disco/graph/graph.h"

namespace disco {

// For each axis and each position along it in the output, the position in the input; -1: filled.
using PadIndex = std::vector<std::vector<int64_t>>;
Result<PadIndex> PadIndexOf(const Graph& graph, const Op& op);

// The bytes of the element that fills, as many as an element has.
Result<std::vector<std::byte>> PadFilling(const Graph& graph, const Op& op);

}  // namespace disco
