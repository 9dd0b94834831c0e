// SPDX-License-Identifier: Apache-2.0
// The scores of classes that a network is trained on, whether or not it goes on to make
// probabilities of them: cross entropy has a softmax of its own, and a second one would flatten
// what is learnt. Private to the module. Thread rule: pure. Errors: none.
#pragma once

#include "disco/graph/graph.h"

namespace disco {

// What a Softmax over the classes reads, where the network [N, classes] ends in one, if need be
// through Identity and Dropout; else the output itself. Shapes have to be inferred.
ValueId LogitsOf(const Graph& graph);

inline bool EndsInSoftmax(const Graph& graph) { return LogitsOf(graph) != graph.outputs[0]; }

}  // namespace disco
