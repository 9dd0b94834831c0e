// SPDX-License-Identifier: Apache-2.0
// Where buffers that live at different times share one block of memory. Private to the room. Thread
// rule: pure.
//
// Time counts in steps of the program. Largest first, each buffer takes the lowest place that is
// free as long as it lives: within a few percent of the least possible for networks of the usual
// kind, and the same few pages stay in the cache.
#pragma once

#include <cstddef>
#include <vector>

namespace disco::onednn {

// A buffer is in use from step `first` to step `last`, both included.
struct Lifetime {
  size_t size = 0;  // bytes
  int first = 0, last = 0;
};

struct Arena {
  static constexpr size_t kAlignment = 64;  // of each buffer: a cache line, and a vector of AVX-512
  std::vector<size_t> offsets;              // of each buffer, in bytes
  size_t size = 0;
};

Arena PackArena(const std::vector<Lifetime>& buffers);

}  // namespace disco::onednn
