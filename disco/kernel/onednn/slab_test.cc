// SPDX-License-Identifier: Apache-2.0
#include "disco/kernel/onednn/slab.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <new>
#include <utility>

#include "disco/tensor/memory.h"

namespace disco::onednn {
namespace {

TEST(SlabTest, PiecesAreZeroAlignedAndApart) {
  Slab slab;
  std::vector<std::pair<std::byte*, size_t>> pieces;
  size_t total = 0;
  for (const size_t size : {1u, 64u, 65u, 3'000'000u, 0u, 5'000'000u, 7u}) {
    std::byte* const data = slab.Take(size);
    EXPECT_EQ(reinterpret_cast<size_t>(data) % 64, 0u);
    EXPECT_TRUE(
        std::all_of(data, data + size, [](std::byte byte) { return byte == std::byte{0}; }));
    std::fill(data, data + size, std::byte{0xff});
    for (const auto& [other, other_size] : pieces)
      EXPECT_TRUE(data + size <= other || other + other_size <= data);
    pieces.emplace_back(data, size);
    total += size;
  }
  EXPECT_EQ(slab.taken(), total);
}

TEST(SlabTest, MovesWithItsPieces) {
  Slab slab;
  std::byte* const data = slab.Take(100);
  Slab moved = std::move(slab);
  data[99] = std::byte{1};
  EXPECT_EQ(moved.taken(), 100u);
  EXPECT_EQ(slab.taken(), 0u);
  slab = std::move(moved);
  EXPECT_EQ(data[99], std::byte{1});
}

TEST(SlabTest, WhatNoMachineHasIsRefused) {
  Slab slab;
  EXPECT_THROW(slab.Take(~size_t{0} - 10), std::bad_alloc);
  EXPECT_THROW(slab.Take(size_t{1} << 60), std::bad_alloc);
  EXPECT_NE(slab.Take(8), nullptr);
}

// Gives so many bytes and no more.
class Given : public MemoryAccount {
 public:
  explicit Given(Bytes left) : left_(left) {}
  Status Take(Bytes size, std::string_view what) override {
    if (size > left_) return Fail(ErrorKind::kPeer, "{} is too much", what);
    left_ = left_ - size;
    return {};
  }
  void Return(Bytes size) override { left_ += size; }

 private:
  Bytes left_;
};

TEST(SlabTest, WholeBlocksAreTakenBeforeTheyAreMapped) {
  if (IsMemoryGuarded()) GTEST_SKIP() << "with guard pages each buffer is mapped by itself";
  Given given(Bytes{10 << 20});
  Slab slab(&given, "all of it");
  EXPECT_NE(slab.Take(3 << 20), nullptr);  // of a block of 4
  EXPECT_NE(slab.Take(3 << 20), nullptr);
  EXPECT_NE(slab.Take(1 << 20), nullptr);
  try {
    slab.Take(1 << 20);
    FAIL() << "2 MB are left, a block has 4";
  } catch (const MemoryRefused& refused) {
    EXPECT_EQ(refused.error.message, "all of it is too much");
  }
}

}  // namespace
}  // namespace disco::onednn
