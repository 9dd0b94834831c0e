// SPDX-License-Identifier: Apache-2.0
#include "disco/train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace disco {

Result<ScheduleShape> ParseScheduleShape(std::string_view text) {
  if (text == "cosine") return ScheduleShape::kCosine;
  if (text == "linear") return ScheduleShape::kLinear;
  if (text == "constant") return ScheduleShape::kConstant;
  return Fail(ErrorKind::kUsage, "schedule '{}'; known are cosine, linear and constant", text);
}

double LearningRate(const Schedule& schedule, int64_t step) {
  const int64_t warmup = schedule.warmup_steps;
  if (step < warmup) {
    return schedule.peak * static_cast<double>(step + 1) / static_cast<double>(warmup);
  }
  const auto annealing = static_cast<double>(std::max<int64_t>(schedule.total_steps - warmup, 1));
  const double t = std::min(static_cast<double>(step - warmup) / annealing, 1.0);
  switch (schedule.shape) {
    case ScheduleShape::kCosine:
      return schedule.peak * (1 + std::cos(std::numbers::pi * t)) / 2;
    case ScheduleShape::kLinear:
      return schedule.peak * (1 - t);
    case ScheduleShape::kConstant:
      break;
  }
  return schedule.peak;
}

}  // namespace disco
