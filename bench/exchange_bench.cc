// SPDX-License-Identifier: Apache-2.0
// A round trip of one message between two members, over memory and, on loopback, over TCP and TLS.
// Half of it is one way.
#include <benchmark/benchmark.h>

#include <array>
#include <filesystem>
#include <thread>

#include "disco/transport/connect.h"
#include "disco/transport/make_keys.h"
#include "disco/transport/memory_mesh.h"
#include "disco/transport/socket.h"
#include "disco/transport/stream_mesh.h"
#include "disco/transport/tcp_stream.h"
#include "disco/transport/tls_stream.h"

namespace disco {
namespace {

constexpr Milliseconds kPatience{5000};

using Pair = std::vector<std::unique_ptr<Mesh>>;

// Null keys: plain text.
Pair MakeTcpPair(const SharedKeys& keys = nullptr) {
  const Socket listener = *Listen({"127.0.0.1", 0});
  auto caller = *Connect({"127.0.0.1", *LocalPort(listener)}, Deadline::In(kPatience), keys);
  static_cast<void>(WaitReadable(listener, Deadline::In(kPatience)));
  auto answerer = Secured(MakeTcpStream(std::move(**Accept(listener))), keys, TlsSide::kAccepts);
  // The first message shakes hands, which a mesh takes for done.
  std::array<std::byte, 1> byte{};
  std::jthread greeting([&caller] {
    static_cast<void>(SendAll(*caller, std::array<std::byte, 1>{}, Deadline::In(kPatience)));
  });
  static_cast<void>(ReceiveAll(*answerer, byte, Deadline::In(kPatience)));
  greeting.join();
  Pair pair;
  for (int member = 0; member < 2; ++member) {
    std::vector<StreamPeer> peers(2);
    peers[static_cast<size_t>(1 - member)] = {std::move(member == 0 ? caller : answerer),
                                              "the other"};
    pair.push_back(MakeStreamMesh(std::move(peers)));
  }
  return pair;
}

SharedKeys MakeKeys() {
  std::string folder = std::filesystem::temp_directory_path() / "disco-bench-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) return nullptr;
  static_cast<void>(MakeCluster(folder, std::chrono::hours(1)));
  SharedKeys keys = LoadKeys(folder).value_or(nullptr);
  std::filesystem::remove_all(folder);
  return keys;
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
void Tls(benchmark::State& state) {
  const SharedKeys keys = MakeKeys();
  if (keys == nullptr) return state.SkipWithError("there are no keys");
  RoundTrip(state, MakeTcpPair(keys));
}

BENCHMARK(Memory)->Arg(10'000)->Arg(200'000)->UseRealTime();
BENCHMARK(Tcp)->Arg(10'000)->Arg(50'000)->Arg(200'000)->UseRealTime();
BENCHMARK(Tls)->Arg(10'000)->Arg(50'000)->Arg(200'000)->UseRealTime();

}  // namespace
}  // namespace disco
