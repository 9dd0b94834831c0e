// SPDX-License-Identifier: Apache-2.0
// Connected TCP sockets inside one process; for tests only.
// Thread rule: pure. Errors: a failed connection fails the test by an exception.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "disco/transport/socket.h"
#include "disco/transport/tcp_mesh.h"

namespace disco {

inline Deadline Soon() { return Deadline::In(Milliseconds(120'000)); }
inline Deadline AlmostNow() { return Deadline::In(Milliseconds(20)); }

struct Loopback {
  Socket listener = Listen({"127.0.0.1", 0}).value();
  Endpoint endpoint{"127.0.0.1", LocalPort(listener).value()};

  // The two ends of a new connection.
  std::pair<Socket, Socket> Pair() {
    Socket caller = Connect(endpoint, Soon()).value();
    [[maybe_unused]] const Status arrived = WaitReadable(listener, Soon());
    return {std::move(caller), std::move(Accept(listener).value().value())};
  }
};

// A mesh per member, every two linked.
inline std::vector<std::unique_ptr<Mesh>> MakeLoopbackMeshes(int members,
                                                             TcpMeshOptions options = {}) {
  const auto count = static_cast<size_t>(members);
  Loopback loopback;
  std::vector<std::vector<std::optional<TcpPeer>>> peers(count);
  for (auto& row : peers) row.resize(count);
  for (size_t a = 0; a < count; ++a) {
    for (size_t b = a + 1; b < count; ++b) {
      auto [first, second] = loopback.Pair();
      peers[a][b] = TcpPeer{std::move(first), fmt::format("member {}", b)};
      peers[b][a] = TcpPeer{std::move(second), fmt::format("member {}", a)};
    }
  }
  std::vector<std::unique_ptr<Mesh>> meshes;
  for (auto& row : peers) meshes.push_back(MakeTcpMesh(std::move(row), options));
  return meshes;
}

}  // namespace disco
