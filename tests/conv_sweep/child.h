// SPDX-License-Identifier: Apache-2.0
// Cases of the sweep in processes of their own, so that a crash and a call without end are findings
// like a wrong number. A process checks cases until one ends it; the next goes on after that one.
// Thread rule: one thread. Errors: none; what cannot be started ends the program.
#pragma once

#include <functional>
#include <string>

#include "tests/conv_sweep/check_conv.h"

namespace disco {

struct SweepPart {
  ConvRoute route = ConvRoute::kDisco;
  int threads = 1;
  bool bf16 = false;           // draw cases in bfloat16 too
  int64_t first = 0, end = 0;  // numbers of cases
};

struct Finding {
  int64_t number = 0;
  std::string what;  // "crashes (Segmentation fault)", "does not end", or what is wrong
};

// Calls `found` for each case that is not right.
void RunPart(const SweepPart& part, const std::function<void(const Finding&)>& found);

// What the process of RunPart does; prints the number of each case, then its verdict.
int RunChild(const SweepPart& part);

}  // namespace disco
