// SPDX-License-Identifier: Apache-2.0
#include "tests/conv_sweep/guard_pages.h"

#include <c10/core/Allocator.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>

#include "disco/tensor/guarded_memory.h"

namespace disco {
namespace {

// Sizes by the address that LibTorch has. Never freed: LibTorch frees memory until the very end.
struct Blocks {
  std::mutex mutex;
  std::map<void*, size_t> sizes;
};

Blocks& AllBlocks() {
  static auto* const blocks = new Blocks;
  return *blocks;
}

void* Take(size_t bytes) {
  std::byte* const data = TakeGuarded(bytes);
  std::memset(data, static_cast<int>(kUntouched), bytes);
  const std::lock_guard lock(AllBlocks().mutex);
  AllBlocks().sizes[data] = bytes;
  return data;
}

void Free(void* address) {
  if (address == nullptr) return;
  const std::lock_guard lock(AllBlocks().mutex);
  const auto found = AllBlocks().sizes.find(address);
  if (found == AllBlocks().sizes.end()) {
    std::fputs("memory is freed that was not taken\n", stderr);
    std::abort();
  }
  ReturnGuarded(static_cast<std::byte*>(address), found->second);
  AllBlocks().sizes.erase(found);
}

// LibTorch 1.13 asks a constant allocator, 2.x one that is not, which also has to copy: whichever
// of these the base knows overrides it.
struct GuardedAllocator : c10::Allocator {
  c10::DataPtr allocate(size_t bytes) const {
    void* const address = Take(bytes);
    return {address, address, &Free, c10::Device(c10::kCPU)};
  }
  c10::DataPtr allocate(size_t bytes) { return std::as_const(*this).allocate(bytes); }
  c10::DeleterFnPtr raw_deleter() const { return &Free; }
  void copy_data(void* to, const void* from, size_t bytes) const { std::memcpy(to, from, bytes); }
};

}  // namespace

void UseGuardPages() {
  static auto* const allocator = new GuardedAllocator;
  constexpr uint8_t kAboveOthers = 255;
  c10::SetAllocator(c10::kCPU, allocator, kAboveOthers);
}

}  // namespace disco
