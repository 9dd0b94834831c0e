// SPDX-License-Identifier: Apache-2.0
#include "disco/node/shard_cache.h"

#include <gtest/gtest.h>

namespace disco {
namespace {

std::shared_ptr<const std::string> OfSize(size_t size) {
  return std::make_shared<const std::string>(size, 'x');
}

TEST(ShardCache, ReturnsWhatWasAdded) {
  ShardCache cache(Bytes{10});
  const auto shard = OfSize(4);
  cache.Add(1, shard);
  EXPECT_EQ(cache.Find(1), shard);
  EXPECT_EQ(cache.Find(2), nullptr);
}

TEST(ShardCache, TheOneUsedLongestAgoGoesFirst) {
  ShardCache cache(Bytes{10});
  for (const uint64_t hash : {1, 2, 3}) cache.Add(hash, OfSize(3));
  ASSERT_NE(cache.Find(1), nullptr);  // now 2 is the one used longest ago
  cache.Add(4, OfSize(4));
  EXPECT_NE(cache.Find(1), nullptr);
  EXPECT_EQ(cache.Find(2), nullptr);
  EXPECT_NE(cache.Find(3), nullptr);
  EXPECT_NE(cache.Find(4), nullptr);
}

TEST(ShardCache, BytesAreCountedNotShards) {
  ShardCache cache(Bytes{10});
  for (uint64_t hash = 0; hash < 5; ++hash) cache.Add(hash, OfSize(2));
  cache.Add(9, OfSize(9));
  for (uint64_t hash = 0; hash < 5; ++hash) EXPECT_EQ(cache.Find(hash), nullptr);
  EXPECT_NE(cache.Find(9), nullptr);
}

TEST(ShardCache, WhatDoesNotFitAtAllDrivesNobodyOut) {
  ShardCache cache(Bytes{10});
  cache.Add(1, OfSize(10));
  cache.Add(2, OfSize(11));
  EXPECT_NE(cache.Find(1), nullptr);
  EXPECT_EQ(cache.Find(2), nullptr);
}

TEST(ShardCache, TheSameShardTwiceCountsOnce) {
  ShardCache cache(Bytes{10});
  cache.Add(1, OfSize(5));
  for (int i = 0; i < 3; ++i) cache.Add(2, OfSize(5));
  EXPECT_NE(cache.Find(1), nullptr);
  EXPECT_NE(cache.Find(2), nullptr);
}

TEST(ShardCache, AShardInUseOutlivesItsEntry) {
  ShardCache cache(Bytes{10});
  cache.Add(1, OfSize(10));
  const auto in_use = cache.Find(1);
  cache.Add(2, OfSize(10));
  EXPECT_EQ(cache.Find(1), nullptr);
  EXPECT_EQ(in_use->size(), 10u);
}

}  // namespace
}  // namespace disco
