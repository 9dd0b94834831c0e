// SPDX-License-Identifier: Apache-2.0
// Memory between two pages that nobody may touch. Private to the module.
//
//   | no access | kUntouched ... | data, zeros | kUntouched ... | no access |
//
// `data` lies at a multiple of kMemoryAlignment, so up to 63 bytes are left between its end and the
// second page, and up to a page between the first one and its start. They hold kUntouched: a float
// read there is NaN, which shows in any sum, and a write there is found when the memory is
// returned. After that no part may be touched. Thread rule: any thread. Errors: std::bad_alloc is
// thrown; a write that is found is reported on stderr and ends the process.
#pragma once

#include <cstddef>

namespace disco {

inline constexpr std::byte kUntouched{0xFF};

std::byte* TakeGuarded(size_t size);
// `size` as it was taken.
void ReturnGuarded(std::byte* data, size_t size);

}  // namespace disco
