// SPDX-License-Identifier: Apache-2.0
// Our CPU level and oneDNN's are the same, whatever limit the environment sets; run at several.
#include <gtest/gtest.h>

#include <dnnl.hpp>

#include "disco/base/cpu_level.h"

namespace disco::onednn {
namespace {

[[maybe_unused]] CpuLevel LevelOfLibrary() {  // on x86
  const dnnl::cpu_isa isa = dnnl::get_effective_cpu_isa();
  switch (isa) {
    case dnnl::cpu_isa::sse41:
      return CpuLevel::kSse41;
    case dnnl::cpu_isa::avx:
      return CpuLevel::kAvx;
    case dnnl::cpu_isa::avx2:
    case dnnl::cpu_isa::avx2_vnni:
      return CpuLevel::kAvx2;
    default:
      return CpuLevel::kAvx512;
  }
}

TEST(IsaTest, OurLevelIsThatOfTheLibrary) {
#if defined(__x86_64__)
  EXPECT_EQ(Name(CurrentCpuLevel()), Name(LevelOfLibrary()));
#else
  EXPECT_EQ(CurrentCpuLevel(), CpuLevel::kBase);
#endif
}

}  // namespace
}  // namespace disco::onednn
