// SPDX-License-Identifier: Apache-2.0
// What faults do to messages; that all else of Mesh holds is in mesh_test.cc.
#include "disco/transport/faulty_mesh.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "disco/transport/loopback_for_test.h"
#include "disco/transport/memory_mesh.h"

namespace disco {
namespace {

using testing::HasSubstr;

constexpr int kMessages = 200;

// Member 0 posts kMessages numbered messages of 8 bytes over a faulty link.
struct FaultyPair {
  explicit FaultyPair(const Faults& faults) : meshes(MakeMemoryMeshes(2)) {
    meshes[0] = MakeFaultyMesh(std::move(meshes[0]), {.faults = faults, .faulty_peers = 2});
    for (int i = 0; i < kMessages; ++i)
      posted.push_back(meshes[0]->Post(1, MessageOf(i), {}).has_value());
  }
  static std::array<std::byte, 8> MessageOf(int number) {
    std::array<std::byte, 8> message{};
    message[7] = static_cast<std::byte>(number);
    return message;
  }
  // All that has arrived.
  std::vector<std::array<std::byte, 8>> Arrived() {
    std::vector<std::array<std::byte, 8>> arrived;
    std::array<std::byte, 8> message;
    while (meshes[1]->Receive(0, message, Deadline::At(Clock::now()))) arrived.push_back(message);
    return arrived;
  }
  std::vector<std::unique_ptr<Mesh>> meshes;
  std::vector<bool> posted;
};

TEST(FaultyMesh, WithoutFaultsAllArrives) {
  FaultyPair pair({});
  const auto arrived = pair.Arrived();
  ASSERT_EQ(arrived.size(), size_t{kMessages});
  for (int i = 0; i < kMessages; ++i)
    EXPECT_EQ(arrived[static_cast<size_t>(i)], FaultyPair::MessageOf(i));
}

TEST(FaultyMesh, TheSameSeedHasTheSameFaults) {
  const Faults faults{.drop = 0.3, .corrupt = 0.3, .seed = 5};
  Faults other = faults;
  other.seed = 6;
  const auto arrived = FaultyPair(faults).Arrived();
  EXPECT_EQ(arrived, FaultyPair(faults).Arrived());
  EXPECT_NE(arrived, FaultyPair(other).Arrived());
}

TEST(FaultyMesh, DroppedMessagesAreMissingAndTheRestKeepsItsOrder) {
  FaultyPair pair({.drop = 0.3, .seed = 1});
  const auto arrived = pair.Arrived();
  EXPECT_GT(arrived.size(), size_t{kMessages / 2});
  EXPECT_LT(arrived.size(), size_t{kMessages});
  EXPECT_TRUE(std::ranges::is_sorted(arrived));
  EXPECT_TRUE(std::ranges::all_of(pair.posted, [](bool posted) { return posted; }))
      << "who posts does not learn of it";
}

TEST(FaultyMesh, CorruptMessagesDifferInOneByte) {
  FaultyPair pair({.corrupt = 1, .seed = 2});
  const auto arrived = pair.Arrived();
  ASSERT_EQ(arrived.size(), size_t{kMessages});
  for (int i = 0; i < kMessages; ++i) {
    const auto sent = FaultyPair::MessageOf(i);
    int differ = 0;
    for (size_t at = 0; at < sent.size(); ++at)
      differ += arrived[static_cast<size_t>(i)][at] != sent[at] ? 1 : 0;
    EXPECT_EQ(differ, 1) << i;
  }
}

TEST(FaultyMesh, DelayedMessagesArriveWhole) {
  FaultyPair pair({.delay = 0.2, .longest_delay = Milliseconds(1), .seed = 3});
  EXPECT_EQ(pair.Arrived().size(), size_t{kMessages});
}

TEST(FaultyMesh, ACutLinkStaysCutAndItsPeerIsNamed) {
  FaultyPair pair({.cut = 0.05, .seed = 4});
  const size_t before = pair.Arrived().size();
  ASSERT_GT(before, 0u);
  ASSERT_LT(before, size_t{kMessages});
  for (size_t i = 0; i < size_t{kMessages}; ++i) EXPECT_EQ(pair.posted[i], i < before) << i;
  ASSERT_TRUE(pair.meshes[1]->Post(0, FaultyPair::MessageOf(0), {}));
  const std::array<PeerId, 1> peer = {1};
  EXPECT_EQ(pair.meshes[0]->WaitAny(peer, Soon()), 1);
  std::array<std::byte, 8> message;
  const Status status = pair.meshes[0]->Receive(1, message, Soon());
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kPeer);
  EXPECT_THAT(status.error().message, HasSubstr("the link to member 1 is cut"));
}

}  // namespace
}  // namespace disco
