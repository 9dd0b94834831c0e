// SPDX-License-Identifier: Apache-2.0
// Learning rate over time. With w steps of warm-up out of n:
//
//   step < w:  peak (step + 1) / w            then, with t = (step - w) / (n - w):
//   cosine:    peak (1 + cos(pi t)) / 2       linear: peak (1 - t)       constant: peak
//
// Cosine: Loshchilov and Hutter 2017. Private to the module. Thread rule: pure. Errors: none; n > w
// is not needed.
#pragma once

#include <cstdint>
#include <string_view>

#include "disco/base/result.h"

namespace disco {

enum class ScheduleShape { kCosine, kLinear, kConstant };
// "cosine", "linear", "constant". Errors: kUsage.
Result<ScheduleShape> ParseScheduleShape(std::string_view text);

struct Schedule {
  ScheduleShape shape = ScheduleShape::kCosine;
  double peak = 0.1;
  int64_t warmup_steps = 0, total_steps = 1;
};

// `step` counts from 0; beyond the end the rate stays what it was there.
double LearningRate(const Schedule& schedule, int64_t step);

}  // namespace disco
