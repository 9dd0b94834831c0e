// SPDX-License-Identifier: Apache-2.0
// Counts calls of operator new, for tests that nothing is allocated. Replaces operator new: one
// source of a test program includes this.
//
// What oneDNN allocates inside its own library is its affair and not counted. Thread rule: any.
#pragma once

#include <dlfcn.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>

namespace disco {

// Counts while it lives; one at a time.
class AllocationCount {
 public:
  enum class Threads { kAll, kOthers };  // kOthers: all but the one that counts
  explicit AllocationCount(Threads threads) {
    spared = threads == Threads::kOthers;
    allocations = 0;
    counting = true;
  }
  ~AllocationCount() {
    counting = false;
    spared = false;
  }
  AllocationCount(const AllocationCount&) = delete;
  AllocationCount& operator=(const AllocationCount&) = delete;
  int count() const { return allocations; }

  // `caller`: where operator new was called.
  static void Note(void* caller) {
    if (!counting || spared) return;
    Dl_info info{};
    const bool by_onednn = dladdr(caller, &info) != 0 && info.dli_fname != nullptr &&
                           std::strstr(info.dli_fname, "libdnnl") != nullptr;
    if (!by_onednn) ++allocations;
  }

 private:
  static inline std::atomic<bool> counting = false;
  static inline std::atomic<int> allocations = 0;
  static inline thread_local bool spared = false;
};

}  // namespace disco

// Not inlined, so that the return address is that of the caller.
[[gnu::noinline]] void* operator new(size_t size) {
  disco::AllocationCount::Note(__builtin_return_address(0));
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(size_t size, const std::nothrow_t&) noexcept {
  disco::AllocationCount::Note(__builtin_return_address(0));
  return std::malloc(size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }
