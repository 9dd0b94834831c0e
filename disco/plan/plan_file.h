// SPDX-License-Identifier: Apache-2.0
// plan.json: a plan on disk. Format: docs/format/plan.md. Versioned; its hash stands in the file
// and is checked, so that a file edited or cut short is noticed. Thread rule: pure functions.
// Errors: kIo, kInvalid naming the file, the value and what is wrong.
#pragma once

#include <string>
#include <string_view>

#include "disco/base/file.h"
#include "disco/plan/plan.h"

namespace disco {

inline constexpr int kPlanVersion = 4;

std::string PlanToJson(const Plan& plan);
Result<Plan> PlanFromJson(std::string_view text);

Status WritePlan(const Plan& plan, const Path& path);
// Reads only; Bind says whether it fits a network.
Result<Plan> ReadPlan(const Path& path);

}  // namespace disco
