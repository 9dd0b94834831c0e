// SPDX-License-Identifier: Apache-2.0
// Waits for descriptors that end at a deadline. Private to the module.
#pragma once

#include <poll.h>

#include <span>

#include "disco/base/clock.h"
#include "disco/base/result.h"

namespace disco {

// Returns and errno are those of ppoll.
int PollUntil(std::span<pollfd> polls, Deadline deadline);

// Until one of `polls` is ready. Errors: kDeadline, kIo.
Status Wait(std::span<pollfd> polls, Deadline deadline);
Status Wait(pollfd poll, Deadline deadline);

tl::unexpected<Error> CannotWait(int error);

}  // namespace disco
