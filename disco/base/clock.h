// SPDX-License-Identifier: Apache-2.0
// Deadlines: absolute points in time, handed down through every wait so that a chain of waits ends
// on time. Thread rule: plain values.
#pragma once

#include <algorithm>
#include <chrono>

#include "disco/base/units.h"

namespace disco {

using Clock = std::chrono::steady_clock;

class Deadline {
 public:
  static Deadline In(Milliseconds span) {
    return Deadline(Clock::now() + std::chrono::duration_cast<Clock::duration>(span));
  }
  static Deadline At(Clock::time_point when) { return Deadline(when); }

  bool Passed() const { return Clock::now() >= when_; }
  Clock::time_point when() const { return when_; }
  // Never negative.
  Milliseconds Left() const {
    return std::max(Milliseconds(0),
                    std::chrono::duration_cast<Milliseconds>(when_ - Clock::now()));
  }

 private:
  explicit Deadline(Clock::time_point when) : when_(when) {}
  Clock::time_point when_;
};

inline Milliseconds Since(Clock::time_point start) {
  return std::chrono::duration_cast<Milliseconds>(Clock::now() - start);
}

}  // namespace disco
