// SPDX-License-Identifier: Apache-2.0
// Connected TCP streams inside one process; for tests only.
// Thread rule: pure. Errors: a failed connection fails the test by an exception.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "disco/transport/connect.h"
#include "disco/transport/socket.h"
#include "disco/transport/stream_mesh.h"
#include "disco/transport/tcp_stream.h"

namespace disco {

inline Deadline Soon() { return Deadline::In(Milliseconds(120'000)); }
inline Deadline AlmostNow() { return Deadline::In(Milliseconds(20)); }

using StreamPair = std::pair<std::unique_ptr<Stream>, std::unique_ptr<Stream>>;

struct Loopback {
  Socket listener = Listen({"127.0.0.1", 0}).value();
  Endpoint endpoint{"127.0.0.1", LocalPort(listener).value()};

  // The connection that comes next.
  Socket AcceptOne() const {
    [[maybe_unused]] const Status arrived = WaitReadable(listener, Soon());
    return std::move(Accept(listener).value().value());
  }

  // The two ends of a new connection.
  StreamPair Pair() const {
    auto caller = Connect(endpoint, Soon()).value();
    return {std::move(caller), MakeTcpStream(AcceptOne())};
  }
};

// A mesh per member, every two linked by the ends that `make_pair` gives.
template <class MakePair>
std::vector<std::unique_ptr<Mesh>> MakeStreamMeshes(int members, MakePair make_pair,
                                                    StreamMeshOptions options = {}) {
  const auto count = static_cast<size_t>(members);
  std::vector<std::vector<StreamPeer>> peers(count);
  for (auto& row : peers) row.resize(count);
  for (size_t a = 0; a < count; ++a) {
    for (size_t b = a + 1; b < count; ++b) {
      auto [first, second] = make_pair();
      peers[a][b] = {std::move(first), fmt::format("member {}", b)};
      peers[b][a] = {std::move(second), fmt::format("member {}", a)};
    }
  }
  std::vector<std::unique_ptr<Mesh>> meshes;
  for (auto& row : peers) meshes.push_back(MakeStreamMesh(std::move(row), options));
  return meshes;
}

inline std::vector<std::unique_ptr<Mesh>> MakeLoopbackMeshes(int members,
                                                             StreamMeshOptions options = {}) {
  const Loopback loopback;
  return MakeStreamMeshes(members, [&loopback] { return loopback.Pair(); }, options);
}

}  // namespace disco
