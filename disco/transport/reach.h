// SPDX-License-Identifier: Apache-2.0
// From where an endpoint can be reached. Thread rule: pure, but may ask a name server. Errors:
// those of a name that is not found; kDeadline.
#pragma once

#include "disco/base/clock.h"
#include "disco/transport/endpoint.h"

namespace disco {

enum class Reach {
  kLoopback,     // 127.0.0.1, localhost: on every machine, that machine itself
  kThisMachine,  // another address of this machine
  kElsewhere,
};

// By the first of its addresses.
Result<Reach> ReachOf(const Endpoint& endpoint, Deadline deadline);

}  // namespace disco
