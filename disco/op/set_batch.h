// SPDX-License-Identifier: Apache-2.0
// The batch of a network: its extent, and a change of it.
#pragma once

#include "disco/graph/graph.h"

namespace disco {

// Sets the batch extent (axis 0) of every input, and of what a shard receives, then infers. What is
// written for the old batch and makes sense for no other (the target of a Reshape that repeats it)
// follows. The answers of the new batch are those that its inputs would get one by one. Errors:
// kUnsupported naming the op and the batch where that cannot be shown, because an op mixes the
// inputs of a batch or takes the batch axis away; the graph must not be used then.
Status SetBatch(Graph& graph, int64_t batch);

// Batch extent of the first input (in a shard, of what it receives); 1 when there is none.
int64_t BatchOf(const Graph& graph);

}  // namespace disco
