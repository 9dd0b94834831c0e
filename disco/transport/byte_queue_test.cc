// SPDX-License-Identifier: Apache-2.0
#include "disco/transport/byte_queue.h"

#include <gtest/gtest.h>

#include <deque>

#include "disco/base/random.h"

namespace disco {
namespace {

TEST(ByteQueue, GivesBackInOrder) {
  Random random(7);
  ByteQueue queue;
  std::deque<std::byte> model;
  for (int step = 0; step < 2000; ++step) {
    std::vector<std::byte> bytes(static_cast<size_t>(random.Below(300)));
    for (auto& byte : bytes) byte = static_cast<std::byte>(random());
    queue.Append(bytes);
    model.insert(model.end(), bytes.begin(), bytes.end());
    const auto front = queue.Front();
    ASSERT_TRUE(std::equal(front.begin(), front.end(), model.begin(), model.end()));
    const auto count = static_cast<size_t>(random.Below(static_cast<int64_t>(model.size()) + 1));
    queue.Consume(count);
    model.erase(model.begin(), model.begin() + static_cast<std::ptrdiff_t>(count));
    ASSERT_EQ(queue.size(), model.size());
  }
}

TEST(ByteQueue, SteadyFlowStopsAllocating) {
  ByteQueue queue;
  const std::vector<std::byte> message(1000);
  queue.Append(message);
  size_t capacity = 0;
  for (int step = 0; step < 10'000; ++step) {
    queue.Append(message);  // never runs empty
    queue.Consume(message.size());
    if (step == 100) capacity = queue.capacity();
  }
  EXPECT_EQ(queue.capacity(), capacity);
  EXPECT_LE(capacity, 8 * message.size());
}

}  // namespace
}  // namespace disco
