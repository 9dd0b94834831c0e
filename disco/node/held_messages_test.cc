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
  HeldMessages held_{3};
};

TEST_F(HeldMessagesTest, WhatIsHeldLeavesBeforeTheNextToTheSameNode) {
  held_.Hold(1, Features(1), kFirst);
  EXPECT_FALSE(HasNews(1));
  ASSERT_TRUE(held_.Post(mesh(), 2, Features(2), kSecond));
  EXPECT_FALSE(HasNews(1)) << "it was another node's";
  ASSERT_TRUE(held_.Post(mesh(), 1, Features(3), kSecond));
  EXPECT_EQ(Received(1, 1), kFirst);
  EXPECT_EQ(Received(1, 3), kSecond);
  EXPECT_EQ(Received(2, 2), kSecond);
}

TEST_F(HeldMessagesTest, SeveralLeaveInTheirOrder) {
  held_.Hold(1, Features(1), kFirst);
  held_.Hold(1, Features(2), kSecond);
  ASSERT_TRUE(held_.Post(mesh(), 1, Features(3), kFirst));
  EXPECT_EQ(Received(1, 1), kFirst);
  EXPECT_EQ(Received(1, 2), kSecond);
  EXPECT_EQ(Received(1, 3), kFirst);
}

TEST_F(HeldMessagesTest, ReleaseSendsAllThatIsLeftOnce) {
  held_.Hold(1, Features(1), kFirst);
  held_.Hold(2, Features(2), kSecond);
  ASSERT_TRUE(held_.Release(mesh()));
  EXPECT_EQ(Received(1, 1), kFirst);
  EXPECT_EQ(Received(2, 2), kSecond);
  ASSERT_TRUE(held_.Release(mesh()));
  EXPECT_FALSE(HasNews(1));
}

TEST_F(HeldMessagesTest, ANodeThatIsGoneIsAnError) {
  meshes_[1].reset();
  held_.Hold(1, Features(1), kFirst);
  const Status status = held_.Release(mesh());
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kPeer);
}

}  // namespace
}  // namespace disco
