// SPDX-License-Identifier: Apache-2.0
// Whether the inputs of a batch stay apart from one another in a network, so that it gives for a
// batch what it gives for each input alone. Private to the module.
// Errors: kUnsupported naming the op. Thread rule: pure.
#pragma once

#include <vector>

#include "disco/graph/graph.h"

namespace disco {

// One change of the batch: the shapes of all values by ValueId, before and after.
struct BatchChange {
  int64_t from = 1, to = 1;
  std::vector<Shape> before, after;
};
Status CheckBatchApart(const Graph& graph, const BatchChange& change);

}  // namespace disco
