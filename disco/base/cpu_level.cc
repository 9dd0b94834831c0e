// SPDX-License-Identifier: Apache-2.0
#include "disco/base/cpu_level.h"

#include <algorithm>
#include <cstdlib>
#include <string>

namespace disco {
namespace {

CpuLevel LevelOfProcessor() {
#if defined(__x86_64__)
  // What oneDNN asks of a processor at each level, as far as Clang and GCC can tell.
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
    return CpuLevel::kAvx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return CpuLevel::kAvx2;
  if (__builtin_cpu_supports("avx")) return CpuLevel::kAvx;
  if (__builtin_cpu_supports("sse4.1")) return CpuLevel::kSse41;
#endif
  return CpuLevel::kBase;
}

CpuLevel LevelOfEnvironment() {
  for (const char* name : {"ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"}) {
    if (const char* const limit = std::getenv(name)) return LevelAllowedBy(limit);
  }
  return CpuLevel::kAvx512;
}

}  // namespace

CpuLevel CurrentCpuLevel() {
  static const CpuLevel level = std::min(LevelOfProcessor(), LevelOfEnvironment());
  return level;
}

std::string_view Name(CpuLevel level) {
  switch (level) {
    case CpuLevel::kBase:
      return "base";
    case CpuLevel::kSse41:
      return "SSE4.1";
    case CpuLevel::kAvx:
      return "AVX";
    case CpuLevel::kAvx2:
      return "AVX2";
    case CpuLevel::kAvx512:
      return "AVX-512";
  }
  return "unknown";
}

CpuLevel LevelAllowedBy(std::string_view limit) {
  std::string name(limit);
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::toupper(c); });
  if (name == "SSE41") return CpuLevel::kSse41;
  if (name == "AVX") return CpuLevel::kAvx;
  if (name == "AVX2" || name.starts_with("AVX2_")) return CpuLevel::kAvx2;
  return CpuLevel::kAvx512;
}

}  // namespace disco
