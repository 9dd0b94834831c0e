// SPDX-License-Identifier: Apache-2.0
// Traffic from a plan. Private to the module: BoundPlan::traffic() is it. Thread rule: pure.
#pragma once

#include "disco/plan/bound_plan.h"

namespace disco {

// Reads order and who runs what of `bound`.
std::vector<Transfer> DeriveTraffic(const BoundPlan& bound);

}  // namespace disco
