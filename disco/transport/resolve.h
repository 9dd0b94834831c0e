// SPDX-License-Identifier: Apache-2.0
// From host names to addresses; private to the room.
// Thread rule: pure, but may ask a name server. Errors: kPeer, naming the host.
#pragma once

#include <netdb.h>

#include <memory>

#include "disco/base/result.h"
#include "disco/transport/endpoint.h"

namespace disco {

struct FreeAddresses {
  void operator()(addrinfo* first) const { freeaddrinfo(first); }
};
using AddressList = std::unique_ptr<addrinfo, FreeAddresses>;

// At least one TCP address, to connect to or to listen at.
Result<AddressList> Resolve(const Endpoint& endpoint);

}  // namespace disco
