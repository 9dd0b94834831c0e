// SPDX-License-Identifier: Apache-2.0
// The vector instructions that kernels may use: those of this processor, within the limit that the
// environment variable ONEDNN_MAX_CPU_ISA or DNNL_MAX_CPU_ISA sets.
//
// oneDNN obeys the same variables, so that one setting makes a whole program run as on an older
// processor. Thread rule: pure; the environment is read once.
#pragma once

#include <cstdint>
#include <string_view>

namespace disco {

// In rising order. kBase: a processor without any of these, or none of x86.
enum class CpuLevel : uint8_t { kBase, kSse41, kAvx, kAvx2, kAvx512 };

CpuLevel CurrentCpuLevel();

std::string_view Name(CpuLevel level);  // "AVX2"

// The level that a value of the environment variable allows; those oneDNN does not know allow all.
CpuLevel LevelAllowedBy(std::string_view limit);

}  // namespace disco
