// SPDX-License-Identifier: Apache-2.0
// poll() that ends at a deadline; private to the room. Returns and errno are those of ppoll.
#pragma once

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <span>

#include "disco/base/clock.h"

namespace disco {

inline int PollUntil(std::span<pollfd> polls, Deadline deadline) {
  using std::chrono::nanoseconds;
  const nanoseconds left = std::max(nanoseconds(0), nanoseconds(deadline.when() - Clock::now()));
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
  const timespec timeout{.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
  return ppoll(polls.data(), polls.size(), &timeout, nullptr);
}

}  // namespace disco
