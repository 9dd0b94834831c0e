// SPDX-License-Identifier: Apache-2.0
// The break-even chart of an advice: time against bandwidth. Thread rule: pure.
#pragma once

#include <string>
#include <vector>

#include "disco/cost/advise.h"
#include "disco/cost/chart.h"

namespace disco {

// "dense, 2 nodes", "S = 95 %, 4 nodes", "branches, 4 nodes".
std::string LabelOf(const Candidate& candidate);

// For each S the candidate that is fastest on the cluster as it is, by S.
std::vector<size_t> FastestOfEachSparsity(const Advice& advice);

// One node, and the fastest of each S, over what the default link carries in MB/s; a dot where one
// breaks even. `advice` has to have factors.
Chart BreakEvenChart(const Advice& advice, const Cluster& cluster, const std::string& network);

}  // namespace disco
