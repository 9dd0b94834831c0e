// SPDX-License-Identifier: Apache-2.0
// Memory for elements: of tensors, and of the values and weights of a program.
//
// With the CMake option DISCO_GUARD (preset guard) every piece is guarded as in guarded_memory.h,
// so that a kernel that reads or writes beside it ends the process instead of giving wrong sums.
// Thread rule: any thread. Errors: std::bad_alloc is thrown.
#pragma once

#include <cstddef>

namespace disco {

inline constexpr size_t kMemoryAlignment = 64;  // one cache line; also the widest vector register

// Whether this program was built with DISCO_GUARD.
bool IsMemoryGuarded();

// At a multiple of kMemoryAlignment; of any content.
std::byte* TakeMemory(size_t size);
// `size` as it was taken.
void ReturnMemory(std::byte* data, size_t size);

}  // namespace disco
