// SPDX-License-Identifier: Apache-2.0
#include "disco/node/held_messages.h"

#include <gtest/gtest.h>

#include "disco/node/patience_for_test.h"
#include "disco/transport/memory_mesh.h"

namespace disco {
namespace {

using Bytes3 = std::array<std::byte, 3>;

constexpr Bytes3 kFirst{std::byte{1}, std::byte{2}, std::byte{3}};
constexpr Bytes3 kSecond{std::byte{4}, std::byte{5}, std::byte{6}};

FrameHeader Features(uint32_t transfer) {
  return {.kind = FrameKind::kFeatures, .transfer = transfer};
}

// Node 0 sends; nodes 1 and 2 receive.
class HeldMessagesTest : public testing::Test {
 protected:
  Mesh& mesh() { return *meshes_[0]; }
  bool HasNews(PeerId node) {
    const PeerId from[] = {0};
    return meshes_[static_cast<size_t>(node)]
        ->WaitAny(from, Deadline::At(Clock::now()))
        .has_value();
  }
  Bytes3 Received(PeerId node, uint32_t transfer) {
    Bytes3 bytes{};
    const Status status =
        ReceiveFrame(*meshes_[static_cast<size_t>(node)], 0, Features(transfer), bytes, Patience());
    EXPECT_TRUE(status) << status.error().message;
    return bytes;
  }

  std::vector<std::unique_ptr<Mesh>> meshes_ = MakeMemoryMeshes(3);
  HeldMessages held_{{}, 3};
};

TEST_F(HeldMessagesTest, WhatIsHeldLeavesBeforeTheNextToTheSameNode) {
  ASSERT_TRUE(held_.Hold(mesh(), 1, Features(1), kFirst));
  EXPECT_FALSE(HasNews(1));
  ASSERT_TRUE(held_.Post(mesh(), 2, Features(2), kSecond));
  EXPECT_FALSE(HasNews(1)) << "it was another node's";
  ASSERT_TRUE(held_.Post(mesh(), 1, Features(3), kSecond));
  EXPECT_EQ(Received(1, 1), kFirst);
  EXPECT_EQ(Received(1, 3), kSecond);
  EXPECT_EQ(Received(2, 2), kSecond);
}

TEST_F(HeldMessagesTest, SeveralLeaveInTheirOrder) {
  ASSERT_TRUE(held_.Hold(mesh(), 1, Features(1), kFirst));
  ASSERT_TRUE(held_.Hold(mesh(), 1, Features(2), kSecond));
  ASSERT_TRUE(held_.Post(mesh(), 1, Features(3), kFirst));
  EXPECT_EQ(Received(1, 1), kFirst);
  EXPECT_EQ(Received(1, 2), kSecond);
  EXPECT_EQ(Received(1, 3), kFirst);
}

TEST_F(HeldMessagesTest, ReleaseSendsAllThatIsLeftOnce) {
  ASSERT_TRUE(held_.Hold(mesh(), 1, Features(1), kFirst));
  ASSERT_TRUE(held_.Hold(mesh(), 2, Features(2), kSecond));
  ASSERT_TRUE(held_.Release(mesh()));
  EXPECT_EQ(Received(1, 1), kFirst);
  EXPECT_EQ(Received(2, 2), kSecond);
  ASSERT_TRUE(held_.Release(mesh()));
  EXPECT_FALSE(HasNews(1));
}

TEST_F(HeldMessagesTest, WhatIsTooLongToHoldLeavesAtOnceBehindWhatIsHeld) {
  ASSERT_TRUE(held_.Hold(mesh(), 1, Features(1), kFirst));
  const std::vector<std::byte> message(kMostHeld.value + 1000);
  ASSERT_TRUE(held_.Hold(mesh(), 1, Features(2), message));
  EXPECT_EQ(Received(1, 1), kFirst);
  std::vector<std::byte> received(message.size());
  EXPECT_TRUE(ReceiveFrame(*meshes_[1], 0, Features(2), received, Patience()));
}

// As a shard may say that was made to do harm.
TEST_F(HeldMessagesTest, AMessageToNobodyIsAnError) {
  for (const PeerId nobody : {-1, 3, 1 << 30}) {
    for (const Status& status : {held_.Hold(mesh(), nobody, Features(1), kFirst),
                                 held_.Post(mesh(), nobody, Features(1), kFirst)}) {
      ASSERT_FALSE(status) << nobody;
      EXPECT_EQ(status.error().kind, ErrorKind::kPeer);
    }
  }
}

TEST_F(HeldMessagesTest, ANodeThatIsGoneIsAnError) {
  meshes_[1].reset();
  ASSERT_TRUE(held_.Hold(mesh(), 1, Features(1), kFirst));
  const Status status = held_.Release(mesh());
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kPeer);
}

}  // namespace
}  // namespace disco
