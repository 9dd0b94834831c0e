// SPDX-License-Identifier: Apache-2.0
#include "disco/kernel/onednn/slab.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>
#include <utility>

#include "disco/tensor/memory.h"

namespace disco::onednn {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kLeastBlock = 2 * kHugePage, kMostBlock = size_t{1} << 60;

size_t RoundedUp(size_t size, size_t unit) { return (size + unit - 1) / unit * unit; }

// `size` bytes, a multiple of kHugePage, at a multiple of it.
std::byte* MapHuge(size_t size) {
  const size_t mapped = size + kHugePage;
  void* const start =
      mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) throw std::bad_alloc();
  auto* const bytes = static_cast<std::byte*>(start);
  const size_t before =
      RoundedUp(reinterpret_cast<size_t>(bytes), kHugePage) - reinterpret_cast<size_t>(bytes);
  if (before > 0) munmap(bytes, before);
  munmap(bytes + before + size, mapped - before - size);
  madvise(bytes + before, size, MADV_HUGEPAGE);  // small pages do, too
  return bytes + before;
}

}  // namespace

Slab::~Slab() {
  for (const Block& block : blocks_) {
    if (IsMemoryGuarded()) {
      ReturnMemory(block.data, block.size);
    } else {
      munmap(block.data, block.size);
    }
  }
}

Slab::Slab(Slab&& other) noexcept
    : memory_(other.memory_),
      what_(other.what_),
      blocks_(std::exchange(other.blocks_, {})),
      taken_(std::exchange(other.taken_, 0)) {}

Slab& Slab::operator=(Slab&& other) noexcept {
  std::swap(memory_, other.memory_);
  std::swap(what_, other.what_);
  std::swap(blocks_, other.blocks_);
  std::swap(taken_, other.taken_);
  return *this;
}

std::byte* Slab::Take(size_t size) {
  std::byte* const data = IsMemoryGuarded() ? TakeGuarded(size) : TakeFromBlock(size);
  taken_ += size;
  return data;
}

// Each piece is a block, so that there are guard pages beside each.
std::byte* Slab::TakeGuarded(size_t size) {
  TakeOrThrow(memory_, Bytes{static_cast<int64_t>(size)}, what_);
  blocks_.reserve(blocks_.size() + 1);  // so that a block is never taken and lost
  blocks_.push_back({TakeMemory(size), size, size});
  std::byte* const data = blocks_.back().data;
  std::fill(data, data + size, std::byte{0});
  return data;
}

std::byte* Slab::TakeFromBlock(size_t size) {
  const size_t rounded = RoundedUp(std::max<size_t>(size, 1), kMemoryAlignment);
  if (rounded < size) throw std::bad_alloc();
  if (blocks_.empty() || blocks_.back().size - blocks_.back().used < rounded) {
    const size_t block = RoundedUp(std::max(rounded, kLeastBlock), kHugePage);
    if (block < rounded || block > kMostBlock) throw std::bad_alloc();
    TakeOrThrow(memory_, Bytes{static_cast<int64_t>(block)}, what_);
    blocks_.reserve(blocks_.size() + 1);  // so that a block is never mapped and lost
    blocks_.push_back({MapHuge(block), block, 0});
  }
  Block& last = blocks_.back();
  last.used += rounded;
  return last.data + last.used - rounded;
}

}  // namespace disco::onednn
