// SPDX-License-Identifier: Apache-2.0
// PlanByShares: a plan by which the nodes of a cluster own as much of each layer as suits them:
// equally much where they are equally fast, else so that they take equally long
// (balanced_shares.h), in sixteenths, of which the simulator says which way of rounding is
// quickest.
//
// Thread rule: pure. Errors: those of making and cutting a plan.
#pragma once

#include <vector>

#include "disco/cost/one_node.h"
#include "disco/plan/make_plan.h"

namespace disco {

// `options` without shares; `times`: of the whole network on each node of `cluster` alone. Its
// calls are chosen (choose_calls.h).
Result<Plan> PlanByShares(const WholeNetwork& network, PlanOptions options, const Cluster& cluster,
                          const std::vector<Milliseconds>& times);

}  // namespace disco
