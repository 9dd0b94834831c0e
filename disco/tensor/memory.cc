// SPDX-License-Identifier: Apache-2.0
#include "disco/tensor/memory.h"

#include <cstdlib>
#include <new>

#include "disco/tensor/guarded_memory.h"

namespace disco {
namespace {

constexpr bool kGuarded = DISCO_GUARD;

}  // namespace

bool IsMemoryGuarded() { return kGuarded; }

std::byte* TakeMemory(size_t size) {
  if constexpr (kGuarded) return TakeGuarded(size);
  const size_t padded = (size / kMemoryAlignment + 1) * kMemoryAlignment;
  auto* const data = static_cast<std::byte*>(std::aligned_alloc(kMemoryAlignment, padded));
  if (data == nullptr) throw std::bad_alloc();
  return data;
}

void ReturnMemory(std::byte* data, size_t size) {
  if constexpr (kGuarded) return ReturnGuarded(data, size);
  std::free(data);
}

}  // namespace disco
