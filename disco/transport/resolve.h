// SPDX-License-Identifier: Apache-2.0
// From host names to addresses; private to the room.
// Thread rule: pure, but may ask a name server. Errors: kPeer, naming the host; kDeadline.
#pragma once

#include <netdb.h>

#include <functional>
#include <memory>

#include "disco/base/clock.h"
#include "disco/base/result.h"
#include "disco/transport/endpoint.h"

namespace disco {

struct FreeAddresses {
  void operator()(addrinfo* first) const { freeaddrinfo(first); }
};
using AddressList = std::unique_ptr<addrinfo, FreeAddresses>;

// At least one TCP address, to connect to or to listen at.
//
// A look-up of a name has no deadline of its own, and nothing can end it. It has a thread, which
// may outlive the wait for it; at most kMostLookUps do at a time, and the next waits for one of
// them to end, until its own deadline. Addresses never go that way.
Result<AddressList> Resolve(const Endpoint& endpoint, Deadline deadline);
inline constexpr int kMostLookUps = 16;

// The same with what getaddrinfo is otherwise; for tests.
using LookUp = std::function<int(const char* host, const char* port, const addrinfo* hints,
                                 addrinfo** addresses)>;
Result<AddressList> Resolve(const Endpoint& endpoint, Deadline deadline, const LookUp& look_up);

}  // namespace disco
