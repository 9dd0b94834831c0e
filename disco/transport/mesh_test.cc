// SPDX-License-Identifier: Apache-2.0
// What every Mesh promises, whatever carries it.
#include "disco/transport/mesh.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstring>
#include <functional>
#include <ostream>
#include <thread>

#include "disco/base/random.h"
#include "disco/transport/faulty_mesh.h"
#include "disco/transport/keys_for_test.h"
#include "disco/transport/loopback_for_test.h"
#include "disco/transport/memory_mesh.h"
#include "disco/transport/shaped_mesh.h"

namespace disco {
namespace {

using testing::HasSubstr;
using Meshes = std::vector<std::unique_ptr<Mesh>>;
using Buffer = std::vector<std::byte>;

struct MeshKind {
  std::string name;
  std::function<Meshes(int members)> make;
};
void PrintTo(const MeshKind& kind, std::ostream* out) { *out << kind.name; }

class MeshTest : public testing::TestWithParam<MeshKind> {
 protected:
  Meshes Make(int members) { return GetParam().make(members); }
};

// All links shaped, so lightly that the tests stay short.
Meshes WithShape(Meshes meshes) {
  for (size_t self = 0; self < meshes.size(); ++self) {
    meshes[self] =
        MakeShapedMesh(std::move(meshes[self]), {.shape = {.bandwidth = {1e9},
                                                           .latency = Milliseconds(0.1),
                                                           .jitter = Milliseconds(0.2),
                                                           .loss = 0.01,
                                                           .retry = Milliseconds(1)},
                                                 .self = static_cast<PeerId>(self),
                                                 .shaped_peers = static_cast<int>(meshes.size())});
  }
  return meshes;
}

Meshes MakeTlsMeshes(int members) {
  return MakeStreamMeshes(members, MakeTlsPairs(ClusterForTest().keys()));
}

// A faulty mesh in which nothing fails, but some messages are late.
Meshes WithDelays(Meshes meshes) {
  for (size_t self = 0; self < meshes.size(); ++self) {
    meshes[self] = MakeFaultyMesh(std::move(meshes[self]),
                                  {.faults = {.delay = 0.01, .longest_delay = Milliseconds(1)},
                                   .self = static_cast<PeerId>(self),
                                   .faulty_peers = static_cast<int>(meshes.size())});
  }
  return meshes;
}

INSTANTIATE_TEST_SUITE_P(
    All, MeshTest,
    testing::Values(
        MeshKind{"memory", [](int members) { return MakeMemoryMeshes(members); }},
        MeshKind{"tcp", [](int members) { return MakeLoopbackMeshes(members); }},
        MeshKind{"tls", [](int members) { return MakeTlsMeshes(members); }},
        MeshKind{"late_memory", [](int members) { return WithDelays(MakeMemoryMeshes(members)); }},
        MeshKind{"shaped_memory", [](int members) { return WithShape(MakeMemoryMeshes(members)); }},
        MeshKind{"shaped_tcp", [](int members) { return WithShape(MakeLoopbackMeshes(members)); }},
        MeshKind{
            "tcp_without_spin",
            [](int members) { return MakeLoopbackMeshes(members, {.spin = Milliseconds(0)}); }}),
    [](const auto& kind) { return kind.param.name; });

Buffer Noise(size_t size, uint64_t seed) {
  Random random(seed);
  Buffer bytes(size);
  for (size_t i = 0; i < size; i += sizeof(uint64_t)) {
    const uint64_t word = random();
    std::memcpy(&bytes[i], &word, std::min(sizeof(word), size - i));
  }
  return bytes;
}

// memcmp, because comparing byte by byte takes a sanitizer seconds.
bool Same(std::span<const std::byte> a, std::span<const std::byte> b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

// Runs `body(self, mesh)` for every member, each on a thread of its own.
void RunAll(Meshes& meshes, const std::function<void(int, Mesh&)>& body) {
  std::vector<std::thread> threads;
  for (size_t i = 0; i < meshes.size(); ++i) {
    threads.emplace_back(body, static_cast<int>(i), std::ref(*meshes[i]));
  }
  for (auto& thread : threads) thread.join();
}

void ExpectError(const Status& status, ErrorKind kind, std::string_view text) {
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, kind) << status.error().message;
  EXPECT_THAT(status.error().message, HasSubstr(text));
}

Status Ignored(const Result<PeerId>& peer) {
  return peer ? Status() : tl::unexpected(peer.error());
}

TEST_P(MeshTest, KeepsOrderAndForgetsMessageBounds) {
  auto meshes = Make(2);
  const Buffer sent = Noise(100, 1);
  const std::span bytes(sent);
  ASSERT_TRUE(meshes[0]->Post(1, bytes.first(10), bytes.subspan(10, 40)));
  ASSERT_TRUE(meshes[0]->Post(1, {}, {}));
  ASSERT_TRUE(meshes[0]->Post(1, {}, bytes.subspan(50, 1)));
  ASSERT_TRUE(meshes[0]->Post(1, bytes.subspan(51), {}));
  Buffer received(100);
  ASSERT_TRUE(meshes[1]->Receive(0, std::span(received).first(3), Soon()));
  ASSERT_TRUE(meshes[1]->Receive(0, {}, Soon()));
  ASSERT_TRUE(meshes[1]->Receive(0, std::span(received).subspan(3), Soon()));
  EXPECT_EQ(sent, received);
}

TEST_P(MeshTest, SenderMayReuseItsBuffersAtOnce) {
  auto meshes = Make(2);
  Buffer sent = Noise(10'000'000, 2);
  const Buffer copy = sent;
  ASSERT_TRUE(meshes[0]->Post(1, {}, sent));
  std::fill(sent.begin(), sent.end(), std::byte{0});
  Buffer received(sent.size());
  std::thread flusher([&] { EXPECT_TRUE(meshes[0]->Flush(Soon())); });
  EXPECT_TRUE(meshes[1]->Receive(0, received, Soon()));
  flusher.join();
  EXPECT_TRUE(Same(received, copy));
}

TEST_P(MeshTest, LargeMessagesCross) {
  auto meshes = Make(2);
  const Buffer sent = Noise(32'000'000, 3);
  RunAll(meshes, [&](int self, Mesh& mesh) {
    EXPECT_TRUE(mesh.Post(1 - self, std::span(sent).first(48), sent));
    Buffer received(48 + sent.size());
    ASSERT_TRUE(mesh.Receive(1 - self, received, Soon()));
    EXPECT_TRUE(Same(sent, std::span(received).subspan(48)));
    EXPECT_TRUE(mesh.Flush(Soon()));
  });
}

TEST_P(MeshTest, LargeMessagesInARing) {
  auto meshes = Make(3);
  const Buffer sent = Noise(16'000'000, 4);
  RunAll(meshes, [&](int self, Mesh& mesh) {
    EXPECT_TRUE(mesh.Post((self + 1) % 3, {}, sent));
    Buffer received(sent.size());
    EXPECT_TRUE(mesh.Receive((self + 2) % 3, received, Soon()));
    EXPECT_TRUE(Same(sent, received));
    EXPECT_TRUE(mesh.Flush(Soon()));
  });
}

TEST_P(MeshTest, FourMembersAllToAll) {
  auto meshes = Make(4);
  RunAll(meshes, [&](int self, Mesh& mesh) {
    for (uint64_t round = 0; round < 50; ++round) {
      const auto message = [round](int from, int to) {
        return Noise(4000, 100 * round + static_cast<uint64_t>(10 * from + to));
      };
      std::vector<PeerId> others;
      for (PeerId peer = 0; peer < 4; ++peer) {
        if (peer == self) continue;
        others.push_back(peer);
        ASSERT_TRUE(mesh.Post(peer, {}, message(self, peer)));
      }
      while (!others.empty()) {
        const PeerId from = mesh.WaitAny(others, Soon()).value();
        Buffer received(4000);
        ASSERT_TRUE(mesh.Receive(from, received, Soon()));
        EXPECT_EQ(received, message(from, self));
        std::erase(others, from);
      }
    }
  });
}

// Streams of random messages, received in random pieces, arrive as they were sent.
TEST_P(MeshTest, RandomSizesArriveWhole) {
  constexpr int kMembers = 3;
  constexpr size_t kStream = 3'000'000;
  const auto stream = [](int from, int to) {
    return Noise(kStream, static_cast<uint64_t>(10 * from + to));
  };
  const auto next_size = [](Random& random, size_t done) {
    const double size = std::exp(random.Uniform(0, 13));
    return std::min(kStream - done, static_cast<size_t>(size));
  };
  auto meshes = Make(kMembers);
  RunAll(meshes, [&](int self, Mesh& mesh) {
    Random random(99, static_cast<uint64_t>(self));
    for (PeerId peer = 0; peer < kMembers; ++peer) {
      if (peer == self) continue;
      const Buffer bytes = stream(self, peer);
      for (size_t done = 0; done < kStream;) {
        const std::span part = std::span(bytes).subspan(done, next_size(random, done));
        const size_t head = part.size() / 3;
        ASSERT_TRUE(mesh.Post(peer, part.first(head), part.subspan(head)));
        done += part.size();
      }
    }
    for (PeerId peer = 0; peer < kMembers; ++peer) {
      if (peer == self) continue;
      Buffer bytes(kStream);
      for (size_t done = 0; done < kStream;) {
        const std::span part = std::span(bytes).subspan(done, next_size(random, done));
        ASSERT_TRUE(mesh.Receive(peer, part, Soon()));
        done += part.size();
      }
      EXPECT_EQ(bytes, stream(peer, self));
    }
    EXPECT_TRUE(mesh.Flush(Soon()));
  });
}

TEST_P(MeshTest, WaitAnySaysWho) {
  auto meshes = Make(3);
  const std::array<PeerId, 2> both = {1, 2};
  ASSERT_TRUE(meshes[2]->Post(0, {}, Buffer(5)));
  EXPECT_EQ(meshes[0]->WaitAny(both, Soon()).value(), 2);
  EXPECT_EQ(meshes[0]->WaitAny(both, Soon()).value(), 2);  // until it is received
  Buffer into(5);
  ASSERT_TRUE(meshes[0]->Receive(2, into, Soon()));
  meshes[1].reset();
  EXPECT_EQ(meshes[0]->WaitAny(both, Soon()).value(), 1);
}

TEST_P(MeshTest, WaitsEndAtTheDeadline) {
  auto meshes = Make(2);
  const std::array<PeerId, 1> silent = {0};
  Buffer into(5);
  ASSERT_TRUE(meshes[1]->Post(0, {}, Buffer(4)));
  ExpectError(meshes[0]->Receive(1, into, AlmostNow()), ErrorKind::kDeadline, "member 1");
  ExpectError(Ignored(meshes[1]->WaitAny(silent, AlmostNow())), ErrorKind::kDeadline, "none of 1");
}

TEST_P(MeshTest, WithNoPeersAWaitOnlyEnds) {
  auto meshes = Make(2);
  const Deadline deadline = AlmostNow();
  ASSERT_TRUE(meshes[1]->Post(0, {}, Buffer(4)));
  ExpectError(Ignored(meshes[0]->WaitAny({}, deadline)), ErrorKind::kDeadline, "none of 0");
  EXPECT_TRUE(deadline.Passed());
  meshes[0]->Shutdown();
  ExpectError(Ignored(meshes[0]->WaitAny({}, Soon())), ErrorKind::kPeer, "shut down");
}

TEST_P(MeshTest, APassedDeadlineStillGivesWhatIsThere) {
  auto meshes = Make(2);
  const std::array<PeerId, 1> other = {1};
  ASSERT_TRUE(meshes[1]->Post(0, {}, Buffer(5)));
  ASSERT_TRUE(meshes[0]->WaitAny(other, Soon()));
  Buffer into(5);
  EXPECT_TRUE(meshes[0]->Receive(1, into, Deadline::In(Milliseconds(-1))));
}

TEST_P(MeshTest, LastWordsOfAPeerAreHeard) {
  auto meshes = Make(2);
  const Buffer sent = Noise(1000, 5);
  ASSERT_TRUE(meshes[1]->Post(0, {}, sent));
  ASSERT_TRUE(meshes[1]->Flush(Soon()));
  meshes[1].reset();
  Buffer received(1000);
  ASSERT_TRUE(meshes[0]->Receive(1, received, Soon()));
  EXPECT_EQ(sent, received);
  ExpectError(meshes[0]->Receive(1, received, Soon()), ErrorKind::kPeer,
              "member 1: the other side closed");
}

TEST_P(MeshTest, PostingToAPeerThatIsGoneFails) {
  auto meshes = Make(2);
  meshes[1].reset();
  Status status;
  while (status) status = meshes[0]->Post(1, {}, Buffer(100'000));
  ExpectError(status, ErrorKind::kPeer, "member 1: the other side closed");
}

TEST_P(MeshTest, OthersGoOnWhenOneIsGone) {
  auto meshes = Make(3);
  meshes[1].reset();
  Status status;
  while (status) status = meshes[0]->Post(1, {}, Buffer(100'000));
  Buffer into(9);
  ASSERT_TRUE(meshes[2]->Post(0, {}, into));
  EXPECT_TRUE(meshes[0]->Receive(2, into, Soon()));
}

// Shuts `mesh` down once the waits of the test have most likely begun.
std::thread ShutDownSoon(Mesh& mesh) {
  return std::thread([&mesh] {
    std::this_thread::sleep_for(Milliseconds(20));
    mesh.Shutdown();
  });
}

TEST_P(MeshTest, ShutdownWakesTheWaitsOfBothSides) {
  auto meshes = Make(2);
  const std::array<PeerId, 1> other = {0};
  const Deadline deadline = Soon();
  std::thread killer = ShutDownSoon(*meshes[0]);
  RunAll(meshes, [&](int self, Mesh& mesh) {
    Buffer into(1);
    const std::string_view text = self == 0 ? "shut down" : "member 0: the other side closed";
    ExpectError(mesh.Receive(1 - self, into, deadline), ErrorKind::kPeer, text);
  });
  killer.join();
  EXPECT_FALSE(deadline.Passed());
  ExpectError(meshes[0]->Post(1, Buffer(1), {}), ErrorKind::kPeer, "shut down");
  ExpectError(meshes[0]->Flush(Soon()), ErrorKind::kPeer, "shut down");
  EXPECT_EQ(meshes[1]->WaitAny(other, Soon()).value(), 0);
}

TEST_P(MeshTest, ShutdownWakesWaitAny) {
  auto meshes = Make(2);
  const Deadline deadline = Soon();
  std::thread killer = ShutDownSoon(*meshes[0]);
  RunAll(meshes, [&](int self, Mesh& mesh) {
    const std::array<PeerId, 1> other = {1 - self};
    const Result<PeerId> woken = mesh.WaitAny(other, deadline);
    if (self == 0) ExpectError(Ignored(woken), ErrorKind::kPeer, "shut down");
    if (self == 1) {
      EXPECT_EQ(woken.value(), 0);
    }
  });
  killer.join();
  EXPECT_FALSE(deadline.Passed());
}

TEST_P(MeshTest, StrangersAreRefused) {
  auto meshes = Make(2);
  Buffer into(1);
  for (const PeerId stranger : {-1, 0, 2}) {  // 0: the member itself
    const std::array<PeerId, 1> peers = {stranger};
    ExpectError(meshes[0]->Post(stranger, into, {}), ErrorKind::kPeer, "not connected");
    ExpectError(meshes[0]->Receive(stranger, into, Soon()), ErrorKind::kPeer, "not connected");
    ExpectError(Ignored(meshes[0]->WaitAny(peers, Soon())), ErrorKind::kPeer, "not connected");
  }
}

}  // namespace
}  // namespace disco
