// SPDX-License-Identifier: Apache-2.0
// Early adds: what a node can add before a Receive is added there.
//
// A residual layer of a shard is (local + foreign) + residual. The local part and the residual are
// there before the foreign features are; as (local + residual) + foreign the residual costs no
// second pass: the local call sums over it in place, and so does the foreign call. Thread rule:
// pure.
#pragma once

#include "disco/graph/graph.h"

namespace disco {

void AddEarly(Graph& graph);

}  // namespace disco
