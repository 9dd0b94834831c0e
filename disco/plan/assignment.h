// SPDX-License-Identifier: Apache-2.0
// Assignment: which node owns each atom. Values are visited in the order they are made; the atoms
// of a value that are still free go to the nodes in contiguous runs, so that of every value each
// node gets its share as nearly as whole atoms allow. Thread rule: pure.
#pragma once

#include <string_view>
#include <vector>

#include "disco/plan/coupling.h"
#include "disco/plan/plan.h"

namespace disco {

// "40,35,25" -> {0.4, 0.35, 0.25}; empty text: equal. Errors: kUsage when the count is not `nodes`
// or a share is not positive.
Result<std::vector<double>> ParseShares(std::string_view text, int nodes);

// Owner of each atom.
std::vector<NodeId> AssignAtoms(const Coupling& coupling, const std::vector<double>& shares);

}  // namespace disco
