// SPDX-License-Identifier: Apache-2.0
#include "disco/transport/wait.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

namespace disco {

int PollUntil(std::span<pollfd> polls, Deadline deadline) {
  using std::chrono::nanoseconds;
  const nanoseconds left = std::max(nanoseconds(0), nanoseconds(deadline.when() - Clock::now()));
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
  const timespec timeout{.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
  return ppoll(polls.data(), polls.size(), &timeout, nullptr);
}

Status Wait(std::span<pollfd> polls, Deadline deadline) {
  while (true) {
    const int ready = PollUntil(polls, deadline);
    if (ready > 0) return {};
    if (ready == 0) return Fail(ErrorKind::kDeadline, "the other side did not answer in time");
    if (errno != EINTR) return CannotWait(errno);
  }
}

Status Wait(pollfd poll, Deadline deadline) { return Wait({&poll, 1}, deadline); }

tl::unexpected<Error> CannotWait(int error) {
  return Fail(ErrorKind::kIo, "cannot wait: {}", std::strerror(error));
}

}  // namespace disco
