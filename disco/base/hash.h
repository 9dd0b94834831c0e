// SPDX-License-Identifier: Apache-2.0
// 64-bit content hash (XXH3): names a plan or shard so that two machines notice when theirs differ.
// Not a defence against someone who wants two contents to collide.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace disco {

uint64_t Hash(std::span<const std::byte> bytes);
uint64_t Hash(std::string_view text);

// 16 hexadecimal digits.
std::string HashText(uint64_t hash);

}  // namespace disco
