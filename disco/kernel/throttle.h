// SPDX-License-Identifier: Apache-2.0
// What ProgramOptions::throttle does to a step. Private to the kernel rooms. Thread rule: pure.
#pragma once

#include <chrono>
#include <thread>

#include "disco/base/clock.h"

namespace disco {

// After work from `start` until now: waits until it has taken 1 / throttle of that time. Returns
// the end. Other threads may run meanwhile; a sleep would be too coarse for steps of microseconds.
inline Clock::time_point HoldBack(Clock::time_point start, double throttle) {
  Clock::time_point now = Clock::now();
  if (throttle >= 1) return now;
  const auto worked = std::chrono::duration<double, Clock::period>(now - start);
  const Clock::time_point end = start + std::chrono::ceil<Clock::duration>(worked / throttle);
  for (; now < end; now = Clock::now()) std::this_thread::yield();
  return now;
}

}  // namespace disco
