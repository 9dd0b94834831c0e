// SPDX-License-Identifier: Apache-2.0
#include "tests/conv_sweep/guard_pages.h"

#include <c10/core/Allocator.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>

namespace disco {
namespace {

constexpr size_t kAlignment = 64;      // what LibTorch promises its kernels
constexpr unsigned char kFill = 0xff;  // four of them: a float that is no number

size_t RoundUp(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

[[noreturn]] void End(const char* why) {
  fputs(why, stderr);
  fflush(stderr);
  abort();
}

struct Block {
  unsigned char* pages;  // the first is the guard before
  size_t mapped, begin, bytes;

  bool Untouched() const {
    const size_t page = static_cast<size_t>(getpagesize());
    const auto filled = [&](size_t from, size_t to) {
      return std::all_of(pages + from, pages + to, [](unsigned char c) { return c == kFill; });
    };
    return filled(page, begin) && filled(begin + bytes, mapped - page);
  }
};

Block Map(size_t bytes) {
  const size_t page = static_cast<size_t>(getpagesize());
  const size_t held = RoundUp(std::max<size_t>(bytes, 1), kAlignment);
  const size_t inside = RoundUp(held, page);
  Block block{nullptr, inside + 2 * page, page + inside - held, bytes};
  void* const pages = mmap(nullptr, block.mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) End("no memory\n");
  block.pages = static_cast<unsigned char*>(pages);
  if (mprotect(block.pages + page, inside, PROT_READ | PROT_WRITE) != 0) End("no memory\n");
  std::memset(block.pages + page, kFill, inside);
  return block;
}

// By the address that LibTorch has. Never freed: LibTorch frees memory until the very end.
struct Blocks {
  std::mutex mutex;
  std::map<void*, Block> by_address;
};

Blocks& AllBlocks() {
  static auto* const blocks = new Blocks;
  return *blocks;
}

void* Take(size_t bytes) {
  const Block block = Map(bytes);
  void* const address = block.pages + block.begin;
  const std::lock_guard lock(AllBlocks().mutex);
  AllBlocks().by_address[address] = block;
  return address;
}

void Free(void* address) {
  if (address == nullptr) return;
  const std::lock_guard lock(AllBlocks().mutex);
  const auto found = AllBlocks().by_address.find(address);
  if (found == AllBlocks().by_address.end()) End("memory is freed that was not taken\n");
  if (!found->second.Untouched()) End("bytes beside a tensor changed\n");
  munmap(found->second.pages, found->second.mapped);
  AllBlocks().by_address.erase(found);
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
