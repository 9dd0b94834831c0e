// SPDX-License-Identifier: Apache-2.0
#include "disco/base/cpu_level.h"

#include <gtest/gtest.h>

namespace disco {
namespace {

TEST(CpuLevelTest, TheEnvironmentSetsALimit) {
  EXPECT_EQ(LevelAllowedBy("SSE41"), CpuLevel::kSse41);
  EXPECT_EQ(LevelAllowedBy("AVX"), CpuLevel::kAvx);
  EXPECT_EQ(LevelAllowedBy("avx2"), CpuLevel::kAvx2);
  EXPECT_EQ(LevelAllowedBy("AVX2_VNNI"), CpuLevel::kAvx2);
  for (const char* all : {"AVX512_CORE", "AVX512_CORE_AMX", "ALL", "DEFAULT", "", "none such"})
    EXPECT_EQ(LevelAllowedBy(all), CpuLevel::kAvx512) << all;
}

TEST(CpuLevelTest, LevelsHaveNames) {
  EXPECT_EQ(Name(CpuLevel::kAvx512), "AVX-512");
  EXPECT_EQ(Name(CurrentCpuLevel()).empty(), false);
}

}  // namespace
}  // namespace disco
