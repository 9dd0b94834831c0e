// SPDX-License-Identifier: Apache-2.0
#include "disco/kernel/onednn/arena.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace disco::onednn {
namespace {

size_t RoundedUp(size_t size) {
  return (size + Arena::kAlignment - 1) / Arena::kAlignment * Arena::kAlignment;
}

bool Meet(const Lifetime& a, const Lifetime& b) { return a.first <= b.last && b.first <= a.last; }

// A stretch of the block that is taken.
struct Taken {
  size_t begin, end;
};

// The lowest offset at which `size` bytes are free.
size_t LowestGap(std::vector<Taken>& taken, size_t size) {
  std::ranges::sort(taken, {}, &Taken::begin);
  size_t offset = 0;
  for (const Taken& stretch : taken) {
    if (offset + size <= stretch.begin) break;
    offset = std::max(offset, stretch.end);
  }
  return offset;
}

}  // namespace

Arena PackArena(const std::vector<Lifetime>& buffers) {
  std::vector<size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, [&](size_t a, size_t b) {
    return std::pair(buffers[b].size, a) < std::pair(buffers[a].size, b);
  });
  Arena arena{.offsets = std::vector<size_t>(buffers.size(), 0)};
  std::vector<size_t> placed;
  for (const size_t buffer : order) {
    std::vector<Taken> taken;
    for (const size_t other : placed) {
      if (!Meet(buffers[buffer], buffers[other])) continue;
      taken.push_back(
          {arena.offsets[other], arena.offsets[other] + RoundedUp(buffers[other].size)});
    }
    const size_t size = RoundedUp(buffers[buffer].size);
    arena.offsets[buffer] = LowestGap(taken, size);
    arena.size = std::max(arena.size, arena.offsets[buffer] + size);
    placed.push_back(buffer);
  }
  return arena;
}

}  // namespace disco::onednn
