// SPDX-License-Identifier: Apache-2.0
#include "disco/base/hash.h"

#include <fmt/core.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace disco {

uint64_t Hash(std::span<const std::byte> bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }
uint64_t Hash(std::string_view text) { return XXH3_64bits(text.data(), text.size()); }
std::string HashText(uint64_t hash) { return fmt::format("{:016x}", hash); }

}  // namespace disco
