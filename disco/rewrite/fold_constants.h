// SPDX-License-Identifier: Apache-2.0
// Doing at load what need not be done at every inference.
// Errors: those of shape inference, naming the op. Thread rule: pure.
#pragma once

#include "disco/base/memory_account.h"
#include "disco/graph/graph.h"

namespace disco {

// Runs the ops whose inputs are all constant and that are computed at load (OpDef::fold). Drops
// what is then unused. All elements that are made, also those dropped in the end, are taken from
// `memory` first, and are 2 GiB at most (kInvalid); after an error the graph must not be used.
Status FoldConstants(Graph& graph, MemoryAccount* memory = nullptr);

// Turns graph input `input` into a constant: a shape, axis or bound that has to be known at load.
void BindInput(Graph& graph, ValueId input, Tensor tensor);

// Inputs that some op reads as a parameter (IsParameterSlot).
std::vector<ValueId> ParameterInputs(const Graph& graph);

}  // namespace disco
