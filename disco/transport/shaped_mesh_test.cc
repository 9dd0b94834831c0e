// SPDX-License-Identifier: Apache-2.0
// What a shape adds to a mesh; that all promises of Mesh hold is in mesh_test.cc. Verdicts on time
// are one-sided: never earlier than the shape says.
#include "disco/transport/shaped_mesh.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <thread>

#include "disco/base/random.h"
#include "disco/transport/link_schedule.h"
#include "disco/transport/loopback_for_test.h"
#include "disco/transport/memory_mesh.h"

namespace disco {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using Buffer = std::vector<std::byte>;

// Members 0 and 1 with a shaped link between them; member 2 stands outside, as a caller does.
struct Shaped {
  explicit Shaped(const LinkShape& shape, bool tcp = false) {
    meshes = tcp ? MakeLoopbackMeshes(3) : MakeMemoryMeshes(3);
    for (PeerId self = 0; self < 2; ++self) {
      auto& mesh = meshes[static_cast<size_t>(self)];
      mesh = MakeShapedMesh(std::move(mesh), {.shape = shape, .self = self, .shaped_peers = 2});
    }
  }
  Mesh& operator[](size_t member) { return *meshes[member]; }
  std::vector<std::unique_ptr<Mesh>> meshes;
};

// A shaped member 0 and the bare end of its peer, who says what it likes.
struct WithStranger {
  WithStranger() : meshes(MakeMemoryMeshes(2)) {
    meshes[0] = MakeShapedMesh(std::move(meshes[0]), {.shape = {}, .shaped_peers = 2});
  }
  void Say(int64_t arrival, uint64_t size) {
    std::array<std::byte, kShapePrefix> prefix;
    std::memcpy(prefix.data(), &arrival, 8);
    std::memcpy(prefix.data() + 8, &size, 8);
    EXPECT_TRUE(meshes[1]->Post(0, prefix, Buffer(8)));
  }
  std::vector<std::unique_ptr<Mesh>> meshes;
};

class Arrivals : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(MemoryAndTcp, Arrivals, testing::Bool());

TEST_P(Arrivals, AreNeverEarlierThanTheShapeSays) {
  const LinkShape shape{.bandwidth = {1e6},
                        .latency = Milliseconds(2),
                        .jitter = Milliseconds(3),
                        .loss = 0.3,
                        .retry = Milliseconds(5),
                        .seed = 4};
  Shaped meshes(shape, GetParam());
  LinkSchedule expected(shape, 0, 1);
  const std::array<PeerId, 1> sender = {0};
  const auto start = Clock::now();
  std::vector<Clock::time_point> earliest;
  for (int i = 0; i < 30; ++i) {
    const Buffer payload(static_cast<size_t>(100 * (i % 7)));
    earliest.push_back(expected.Arrival(start, Bytes{static_cast<int64_t>(payload.size()) + 48}));
    ASSERT_TRUE(meshes[0].Post(1, Buffer(48), payload));
  }
  for (size_t i = 0; i < earliest.size(); ++i) {
    const bool ask_first = i % 2 == 0;
    Buffer into(48 + 100 * (i % 7));
    std::span rest(into);
    if (ask_first) {
      EXPECT_EQ(meshes[1].WaitAny(sender, Soon()).value(), 0);
    } else {
      ASSERT_TRUE(meshes[1].Receive(0, rest.first(1), Soon()));
      rest = rest.subspan(1);
    }
    EXPECT_GE(Clock::now(), earliest[i]) << "message " << i;
    ASSERT_TRUE(meshes[1].Receive(0, rest, Soon()));
  }
}

// A wait for both tells of the link that is not shaped while the other's message travels.
TEST_P(Arrivals, OverOtherLinksAreNotHeldUp) {
  Shaped meshes({.latency = Milliseconds(60'000)}, GetParam());
  const std::array<PeerId, 2> both = {0, 2};
  Buffer into(5);
  ASSERT_TRUE(meshes[0].Post(1, {}, into));
  ASSERT_TRUE(meshes[2].Post(1, {}, into));
  EXPECT_EQ(meshes[1].WaitAny(both, Soon()).value(), 2);
  EXPECT_TRUE(meshes[1].Receive(2, into, Soon()));
  ASSERT_TRUE(meshes[1].Post(2, {}, into));
  EXPECT_TRUE(meshes[2].Receive(1, into, Soon()));
}

TEST_P(Arrivals, AfterTheDeadlineAreANamedError) {
  Shaped meshes({.latency = Milliseconds(60'000)}, GetParam());
  ASSERT_TRUE(meshes[0].Post(1, {}, Buffer(5)));
  const std::array<PeerId, 1> sender = {0};
  Buffer into(5);
  const Deadline deadline = AlmostNow();
  const Status status = meshes[1].Receive(0, into, deadline);
  EXPECT_TRUE(deadline.Passed());
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kDeadline);
  EXPECT_THAT(status.error().message, HasSubstr("member 0"));
  const auto woken = meshes[1].WaitAny(sender, AlmostNow());
  ASSERT_FALSE(woken);
  EXPECT_EQ(woken.error().kind, ErrorKind::kDeadline);
}

TEST_P(Arrivals, AreWaitedForUntilShutdown) {
  for (const bool any : {false, true}) {
    Shaped meshes({.latency = Milliseconds(60'000)}, GetParam());
    const Deadline arrival = Deadline::In(Milliseconds(60'000));
    ASSERT_TRUE(meshes[0].Post(1, {}, Buffer(5)));
    std::thread killer([&] {
      std::this_thread::sleep_for(Milliseconds(20));  // the wait has most likely begun
      meshes[1].Shutdown();
    });
    const std::array<PeerId, 1> sender = {0};
    Buffer into(5);
    Status status;
    if (any) {
      const auto woken = meshes[1].WaitAny(sender, Soon());
      if (!woken) status = tl::unexpected(woken.error());
    } else {
      status = meshes[1].Receive(0, into, Soon());
    }
    killer.join();
    EXPECT_FALSE(arrival.Passed());
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().kind, ErrorKind::kPeer) << status.error().message;
    EXPECT_THAT(status.error().message, HasSubstr("shut down"));
  }
}

// Of 0 to 300 kB, and a third of them of nothing.
size_t NextSize(Random& random) {
  const int64_t part = random.Below(3);
  return static_cast<size_t>(part * random.Below(150'000));
}

// What is pending goes on while the sender waits for a message that travels: all of it has to be
// there when the sender's own message arrives.
TEST_P(Arrivals, ManyMessagesBothWaysDoNotLock) {
  Shaped meshes({.latency = Milliseconds(1),
                 .jitter = Milliseconds(1),
                 .loss = 0.05,
                 .retry = Milliseconds(3)},
                GetParam());
  const auto talk = [&meshes](PeerId self) {
    Mesh& mesh = meshes[static_cast<size_t>(self)];
    Random mine(3, static_cast<uint64_t>(self)), theirs(3, static_cast<uint64_t>(1 - self));
    for (int round = 0; round < 40; ++round) {
      for (int i = 0; i < 3; ++i) {
        const Buffer sent(NextSize(mine), static_cast<std::byte>(i));
        EXPECT_TRUE(mesh.Post(1 - self, {}, sent));
      }
      for (int i = 0; i < 3; ++i) {
        Buffer received(NextSize(theirs));
        ASSERT_TRUE(mesh.Receive(1 - self, received, Soon()));
        const bool whole = std::all_of(received.begin(), received.end(), [i](std::byte byte) {
          return byte == static_cast<std::byte>(i);
        });
        EXPECT_TRUE(whole) << "round " << round;
      }
    }
    EXPECT_TRUE(mesh.Flush(Soon()));
  };
  std::jthread other(talk, 1);
  talk(0);
}

TEST(ShapedMesh, AMessageOfNoBytesIsNone) {
  Shaped meshes({.latency = Milliseconds(60'000)});
  ASSERT_TRUE(meshes[0].Post(1, {}, {}));
  const std::array<PeerId, 1> sender = {0};
  EXPECT_FALSE(meshes[1].WaitAny(sender, AlmostNow()));
  EXPECT_TRUE(meshes[1].Receive(0, {}, AlmostNow()));
}

TEST(ShapedMesh, APrefixThatMakesNoSenseIsANamedError) {
  constexpr int64_t kEnd = std::numeric_limits<int64_t>::max();
  const std::pair<int64_t, uint64_t> prefixes[] = {{kEnd, 8}, {kEnd, 0}, {-kEnd, 0}, {0, 0}};
  for (const auto& [arrival, size] : prefixes) {
    WithStranger meshes;
    meshes.Say(arrival, size);
    Buffer into(8);
    const Status status = meshes.meshes[0]->Receive(1, into, AlmostNow());
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().kind, size > 0 ? ErrorKind::kDeadline : ErrorKind::kPeer);
    EXPECT_THAT(status.error().message, AllOf(HasSubstr("member 1"), HasSubstr("shape")));
  }
}

// After a prefix with no message, too, which WaitAny has read.
TEST(ShapedMesh, WaitAnyTellsOfWhatReceiveRefuses) {
  WithStranger meshes;
  meshes.Say(0, 0);
  const std::array<PeerId, 1> stranger = {1};
  EXPECT_EQ(meshes.meshes[0]->WaitAny(stranger, Soon()).value(), 1);
  Buffer into(8);
  EXPECT_FALSE(meshes.meshes[0]->Receive(1, into, Soon()));
}

TEST(ShapedMesh, APastArrivalIsNoReasonToWait) {
  WithStranger meshes;
  meshes.Say(std::numeric_limits<int64_t>::min(), 8);
  Buffer into(8);
  EXPECT_TRUE(meshes.meshes[0]->Receive(1, into, AlmostNow()));
}

}  // namespace
}  // namespace disco
