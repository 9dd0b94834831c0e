// SPDX-License-Identifier: Apache-2.0
// ChooseWithNext: which values leave together with the next one to the same node (ValuePlan of
// plan.h), by simulation.
//
// It saves the sender the overhead of a message, and delays the features until the next value is
// packed. Where no receiver loses as much by that as is saved, they wait: values that are needed
// later in a block of branches travel together, those that somebody waits for do not. The plan that
// comes out is never slower than one that sends each value by itself, as the simulator sees it.
// Thread rule: pure. Errors: those of the cut and of Simulate.
#pragma once

#include "disco/cost/cluster.h"
#include "disco/plan/bound_plan.h"

namespace disco {

// The plan of `bound`, which is as nodes run it (BoundPlan::ForNodes), with its companions chosen.
Result<Plan> ChooseWithNext(const BoundPlan& bound, const Cluster& cluster);

}  // namespace disco
