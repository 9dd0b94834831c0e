// SPDX-License-Identifier: Apache-2.0
#include "disco/transport/resolve.h"

#include <sys/socket.h>

#include <condition_variable>
#include <mutex>
#include <semaphore>
#include <string>
#include <system_error>
#include <thread>

namespace disco {
namespace {

// What a look-up and the wait for it share; it lives as long as the longer of the two.
struct Pending {
  Endpoint endpoint;
  LookUp look_up;
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;
  int error = 0;
  AddressList addresses;
};

// How many threads hang in the resolver is a matter of the process, and of nothing smaller.
// Trivially destructible: a thread may still use it while the process ends.
std::counting_semaphore<kMostLookUps>& FreeLookUps() {
  static std::counting_semaphore<kMostLookUps> free(kMostLookUps);
  return free;
}

int Find(const Endpoint& endpoint, int flags, const LookUp& look_up, AddressList& addresses) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | flags;
  addrinfo* first = nullptr;
  const std::string port = std::to_string(endpoint.port);
  const int error = look_up(endpoint.host.c_str(), port.c_str(), &hints, &first);
  if (error == 0) addresses.reset(first);
  return error;
}

void Run(Pending& pending) {
  AddressList addresses;
  const int error = Find(pending.endpoint, 0, pending.look_up, addresses);
  const std::lock_guard lock(pending.mutex);
  pending.error = error;
  pending.addresses = std::move(addresses);
  pending.done = true;
  pending.changed.notify_all();
}

tl::unexpected<Error> Late(const Endpoint& endpoint) {
  return Fail(
      ErrorKind::kDeadline,
      "the address of host '{}' was not found in time; does the name server answer? Or give "
      "its address",
      endpoint.host);
}

}  // namespace

Result<AddressList> Resolve(const Endpoint& endpoint, Deadline deadline, const LookUp& look_up) {
  AddressList numeric;
  if (Find(endpoint, AI_NUMERICHOST, getaddrinfo, numeric) == 0) return numeric;
  if (!FreeLookUps().try_acquire_until(deadline.when())) return Late(endpoint);
  const auto pending = std::make_shared<Pending>();
  pending->endpoint = endpoint;
  pending->look_up = look_up;
  try {
    std::thread([pending] {
      Run(*pending);
      FreeLookUps().release();
    }).detach();
  } catch (const std::system_error& error) {
    FreeLookUps().release();
    return Fail(ErrorKind::kIo, "no thread to find host '{}': {}", endpoint.host, error.what());
  }
  std::unique_lock lock(pending->mutex);
  if (!pending->changed.wait_until(lock, deadline.when(), [&] { return pending->done; }))
    return Late(endpoint);
  if (pending->error == 0) return std::move(pending->addresses);
  return Fail(ErrorKind::kPeer, "cannot find host '{}': {}; check the name, or give its address",
              endpoint.host, gai_strerror(pending->error));
}

Result<AddressList> Resolve(const Endpoint& endpoint, Deadline deadline) {
  return Resolve(endpoint, deadline, getaddrinfo);
}

}  // namespace disco
