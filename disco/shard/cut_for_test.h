// SPDX-License-Identifier: Apache-2.0
// From a network and a plan to its shards in one step, for tests. Thread rule: pure.
#pragma once

#include "disco/shard/cut.h"

namespace disco {

inline Result<Cut> CutFor(const Graph& graph, const Plan& plan) {
  DISCO_ASSIGN(const BoundPlan bound, Bind(graph, plan));
  return FoldAndCut(bound);
}

}  // namespace disco
