// SPDX-License-Identifier: Apache-2.0
// Who reads the features of a value across nodes: mixing ops, one feature at a time, and replicated
// ops, which need all of them. Thread rule: pure.
#pragma once

#include <vector>

#include "disco/plan/coupling.h"

namespace disco {

struct CrossReaders {
  std::vector<OpId> mixing;      // each once
  std::vector<OpId> replicated;  // each once
  bool any() const { return !mixing.empty() || !replicated.empty(); }
};

// By ValueId; empty for values that are not partitioned.
std::vector<CrossReaders> FindCrossReaders(const Graph& graph, const Coupling& coupling);

}  // namespace disco
