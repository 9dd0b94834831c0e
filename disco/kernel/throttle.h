// SPDX-License-Identifier: Apache-2.0
// What ProgramOptions::throttle does to a step. Private to the kernel rooms. Thread rule: pure.
#pragma once

#include <chrono>
#include <thread>

#include "disco/base/clock.h"

namespace disco {

// After work from `start` until now: waits until it has taken 1 / throttle of that time. Returns
// the end. Sleeps for most of a long wait, so that the processor is as idle as one that does not
// exist; the rest, and steps of microseconds, for which a sleep is too coarse, it spins through.
inline Clock::time_point HoldBack(Clock::time_point start, double throttle) {
  Clock::time_point now = Clock::now();
  if (throttle >= 1) return now;
  const auto worked = std::chrono::duration<double, Clock::period>(now - start);
  const Clock::time_point end = start + std::chrono::ceil<Clock::duration>(worked / throttle);
  constexpr auto kCoarse = std::chrono::microseconds(100);  // what a sleep may come late
  if (end - now > 2 * kCoarse) std::this_thread::sleep_for(end - now - kCoarse);
  for (now = Clock::now(); now < end; now = Clock::now()) std::this_thread::yield();
  return now;
}

}  // namespace disco
