// SPDX-License-Identifier: Apache-2.0
// Any text as a plan: an error, or a plan that says the same when written again.
#include "disco/plan/plan_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto plan = disco::PlanFromJson({reinterpret_cast<const char*>(data), size});
  if (!plan) return 0;
  const auto again = disco::PlanFromJson(disco::PlanToJson(*plan));
  if (!again || disco::Hash(*again) != disco::Hash(*plan)) __builtin_trap();
  return 0;
}
