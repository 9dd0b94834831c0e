// SPDX-License-Identifier: Apache-2.0
// Both kinds of memory are aligned and whole; beside guarded memory nothing can be read unnoticed
// or written.
#include "disco/tensor/memory.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>

#include "disco/tensor/guarded_memory.h"

namespace disco {
namespace {

constexpr size_t kSizes[] = {0, 1, 63, 64, 65, 4096, 4097, 1'000'000};

// Sanitizers and kernels read it: the compiler may not know that nothing comes of it.
float ReadFloat(const std::byte* at) {
  float number;
  std::memcpy(&number, at, sizeof(number));
  return number;
}

size_t PageSize() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }

TEST(MemoryTest, IsAlignedAndMayBeWrittenWhole) {
  for (const size_t size : kSizes) {
    std::byte* const data = TakeMemory(size);
    EXPECT_EQ(reinterpret_cast<size_t>(data) % kMemoryAlignment, 0u) << size;
    std::fill(data, data + size, std::byte{7});
    ReturnMemory(data, size);
  }
}

TEST(GuardedMemoryTest, IsZeroAlignedAndMayBeWrittenWhole) {
  for (const size_t size : kSizes) {
    std::byte* const data = TakeGuarded(size);
    EXPECT_EQ(reinterpret_cast<size_t>(data) % kMemoryAlignment, 0u) << size;
    EXPECT_TRUE(std::all_of(data, data + size, [](std::byte b) { return b == std::byte{0}; }));
    std::fill(data, data + size, std::byte{7});
    ReturnGuarded(data, size);
  }
}

TEST(GuardedMemoryTest, WhatNoMachineHasIsRefused) {
  EXPECT_THROW(TakeGuarded(~size_t{0} - 10), std::bad_alloc);
  EXPECT_THROW(TakeGuarded(size_t{1} << 60), std::bad_alloc);
}

TEST(GuardedMemoryTest, AFloatReadJustBesideItIsNoNumber) {
  std::byte* const data = TakeGuarded(100);
  EXPECT_TRUE(std::isnan(ReadFloat(data + 100)));
  EXPECT_TRUE(std::isnan(ReadFloat(data - 4)));
  ReturnGuarded(data, 100);
}

TEST(GuardedMemoryDeathTest, TouchingTheNextPageEndsTheProcess) {
  std::byte* const data = TakeGuarded(100);
  EXPECT_DEATH(data[128] = std::byte{0}, "");
  EXPECT_DEATH(static_cast<void>(std::isnan(ReadFloat(data + 128))), "");
  EXPECT_DEATH(*(data - PageSize()) = std::byte{0}, "");
  ReturnGuarded(data, 100);
}

TEST(GuardedMemoryDeathTest, AWriteJustBesideItIsFoundWhenItIsReturned) {
  std::byte* const data = TakeGuarded(100);
  const auto return_after_write_at = [&](std::ptrdiff_t at) {
    data[at] = std::byte{0};
    ReturnGuarded(data, 100);
  };
  EXPECT_DEATH(return_after_write_at(100), "a byte after it was written");
  EXPECT_DEATH(return_after_write_at(-1), "a byte before it was written");
  ReturnGuarded(data, 100);
}

TEST(GuardedMemoryDeathTest, NoPartMayBeTouchedAfterItIsReturned) {
  const auto read_after_return = [] {
    std::byte* const data = TakeGuarded(100);
    ReturnGuarded(data, 100);
    static_cast<void>(std::isnan(ReadFloat(data)));
  };
  EXPECT_DEATH(read_after_return(), "");
}

}  // namespace
}  // namespace disco
