// SPDX-License-Identifier: Apache-2.0
// What Bind checks. Private to the module. Thread rule: pure. Errors: kInvalid naming the op or
// value concerned and saying to make a new plan.
#pragma once

#include <set>
#include <string_view>

#include "disco/plan/bound_plan.h"

namespace disco {

// That the plan has as many nodes as a plan may have, and for each value of the graph the part that
// the value needs. Reads neither runs nor what is made from them.
Status CheckFit(const BoundPlan& bound);

// That `plan` splits no other values than these.
Status CheckNames(const Plan& plan, const std::set<std::string_view>& known);

}  // namespace disco
