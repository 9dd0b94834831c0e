// SPDX-License-Identifier: Apache-2.0
#include "disco/kernel/onednn/arena.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "disco/base/random.h"

namespace disco::onednn {
namespace {

bool Overlap(size_t a, size_t a_size, size_t b, size_t b_size) {
  return a < b + b_size && b < a + a_size;
}

// What lives at one moment has to fit.
size_t MostAtOnce(const std::vector<Lifetime>& buffers, int steps) {
  size_t most = 0;
  for (int step = 0; step < steps; ++step) {
    size_t now = 0;
    for (const Lifetime& buffer : buffers)
      now += buffer.first <= step && step <= buffer.last ? buffer.size : 0;
    most = std::max(most, now);
  }
  return most;
}

TEST(ArenaTest, WhatLivesAtOnceLiesApart) {
  constexpr int kSteps = 30;
  Random random(7);
  for (int round = 0; round < 50; ++round) {
    std::vector<Lifetime> buffers;
    for (int i = 0; i < 40; ++i) {
      const int first = static_cast<int>(random.Below(kSteps));
      const int last = first + static_cast<int>(random.Below(kSteps - first));
      buffers.push_back({static_cast<size_t>(random.Below(1000)), first, last});
    }
    const Arena arena = PackArena(buffers);
    EXPECT_GE(arena.size, MostAtOnce(buffers, kSteps));
    for (size_t a = 0; a < buffers.size(); ++a) {
      EXPECT_EQ(arena.offsets[a] % Arena::kAlignment, 0u);
      EXPECT_LE(arena.offsets[a] + buffers[a].size, arena.size);
      for (size_t b = 0; b < a; ++b) {
        const bool meet =
            buffers[a].first <= buffers[b].last && buffers[b].first <= buffers[a].last;
        EXPECT_FALSE(meet &&
                     Overlap(arena.offsets[a], buffers[a].size, arena.offsets[b], buffers[b].size));
      }
    }
  }
}

TEST(ArenaTest, AChainTakesTwoBuffers) {
  std::vector<Lifetime> chain;
  for (int step = 0; step < 100; ++step) chain.push_back({640, step, step + 1});
  EXPECT_EQ(PackArena(chain).size, 2 * 640u);
}

TEST(ArenaTest, NothingTakesNothing) {
  EXPECT_EQ(PackArena({}).size, 0u);
  EXPECT_EQ(PackArena({{0, 0, 3}, {0, 1, 2}}).size, 0u);
}

}  // namespace
}  // namespace disco::onednn
