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

// A buffer in its stretch of the block.
struct Placed {
  size_t begin, end;
  Lifetime lifetime;
};

// The lowest offset at which the bytes of `buffer` are free while it lives. `placed` is in the
// order of `begin`.
size_t LowestGap(const std::vector<Placed>& placed, const Lifetime& buffer) {
  const size_t size = RoundedUp(buffer.size);
  size_t offset = 0;
  for (const Placed& other : placed) {
    if (offset + size <= other.begin) break;
    if (Meet(buffer, other.lifetime)) offset = std::max(offset, other.end);
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
  std::vector<Placed> placed;
  for (const size_t buffer : order) {
    const size_t begin = LowestGap(placed, buffers[buffer]);
    const Placed next{begin, begin + RoundedUp(buffers[buffer].size), buffers[buffer]};
    placed.insert(std::ranges::upper_bound(placed, begin, {}, &Placed::begin), next);
    arena.offsets[buffer] = begin;
    arena.size = std::max(arena.size, next.end);
  }
  return arena;
}

}  // namespace disco::onednn
