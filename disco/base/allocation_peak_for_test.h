// SPDX-License-Identifier: Apache-2.0
// The most bytes that operator new holds at a time, for tests of limits. Replaces operator new and
// delete: one source of a test program includes this. Thread rule: any; one AllocationPeak at a
// time.
#pragma once

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace disco {

// Counts from its making on; what was there before and goes counts as less.
class AllocationPeak {
 public:
  AllocationPeak() { now = most = 0; }
  AllocationPeak(const AllocationPeak&) = delete;
  AllocationPeak& operator=(const AllocationPeak&) = delete;
  int64_t bytes() const { return most; }

  static void* Add(size_t size) {
    void* const memory = std::malloc(size);
    if (memory == nullptr) throw std::bad_alloc();
    const int64_t held = now += static_cast<int64_t>(malloc_usable_size(memory));
    int64_t before = most;
    while (held > before && !most.compare_exchange_weak(before, held)) {
    }
    return memory;
  }
  static void Remove(void* memory) {
    now -= static_cast<int64_t>(malloc_usable_size(memory));
    std::free(memory);
  }

 private:
  static inline std::atomic<int64_t> now = 0, most = 0;
};

}  // namespace disco

void* operator new(size_t size) { return disco::AllocationPeak::Add(size); }
void operator delete(void* memory) noexcept { disco::AllocationPeak::Remove(memory); }
void operator delete(void* memory, size_t) noexcept { disco::AllocationPeak::Remove(memory); }
