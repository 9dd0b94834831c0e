// SPDX-License-Identifier: Apache-2.0
// A round trip of one message between two members, over memory and over TCP on loopback. Half of it
// is one way.
#include <benchmark/benchmark.h>

#include <thread>

#include "disco/transport/connect.h"
#include "disco/transport/memory_mesh.h"
#include "disco/transport/socket.h"
#include "disco/transport/stream_mesh.h"
#include "disco/transport/tcp_stream.h"

namespace disco {
namespace {

constexpr Milliseconds kPatience{5000};

using Pair = std::vector<std::unique_ptr<Mesh>>;

Pair MakeTcpPair() {
  const Socket listener = *Listen({"127.0.0.1", 0});
  auto caller = *Connect({"127.0.0.1", *LocalPort(listener)}, Deadline::In(kPatience));
  static_cast<void>(WaitReadable(listener, Deadline::In(kPatience)));
  auto answerer = MakeTcpStream(std::move(**Accept(listener)));
  Pair pair;
  for (int member = 0; member < 2; ++member) {
    std::vector<StreamPeer> peers(2);
    peers[static_cast<size_t>(1 - member)] = {std::move(member == 0 ? caller : answerer),
                                              "the other"};
    pair.push_back(MakeStreamMesh(std::move(peers)));
  }
  return pair;
}

void RoundTrip(benchmark::State& state, Pair pair) {
  std::vector<std::byte> message(static_cast<size_t>(state.range(0)));
  std::jthread echo([&pair, size = message.size()] {
    std::vector<std::byte> heard(size);
    while (pair[1]->Receive(0, heard, Deadline::In(kPatience)) && pair[1]->Post(0, {}, heard)) {
    }
  });
  for (auto _ : state) {
    const bool done =
        pair[0]->Post(1, {}, message) && pair[0]->Receive(1, message, Deadline::In(kPatience));
    if (!done) state.SkipWithError("the exchange failed");
  }
  pair[0]->Shutdown();
  pair[1]->Shutdown();
}

void Memory(benchmark::State& state) { RoundTrip(state, MakeMemoryMeshes(2)); }
void Tcp(benchmark::State& state) { RoundTrip(state, MakeTcpPair()); }

BENCHMARK(Memory)->Arg(10'000)->Arg(200'000)->UseRealTime();
BENCHMARK(Tcp)->Arg(10'000)->Arg(50'000)->Arg(200'000)->UseRealTime();

}  // namespace
}  // namespace disco
