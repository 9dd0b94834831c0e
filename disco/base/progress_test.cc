// SPDX-License-Identifier: Apache-2.0
#include "disco/base/progress.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace disco {
namespace {

std::string Shown(void (*work)()) {
  testing::internal::CaptureStderr();
  work();
  return testing::internal::GetCapturedStderr();
}

// Captured output is no terminal.
TEST(Progress, TheLastStateIsShownOnceWithItsNote) {
  const std::string shown = Shown([] {
    Progress progress("train", "images", 8);
    for (int done = 1; done <= 8; ++done) progress.Update(done, "loss 1.23");
    progress.Finish();
    progress.Finish();
  });
  EXPECT_EQ(std::count(shown.begin(), shown.end(), '\n'), 1) << shown;
  for (const char* part : {"train: ", "100%", "8/8", "images/s", "loss 1.23"})
    EXPECT_NE(shown.find(part), std::string::npos) << shown;
}

TEST(Progress, MoreOrLessThanWasPlannedIsShownAsItIs) {
  EXPECT_NE(Shown([] { Progress("none", "images", 0); }).find("0/1"), std::string::npos);
  EXPECT_NE(Shown([] { Progress("more", "images", 2).Update(5); }).find("100% 5/2"),
            std::string::npos);
}

}  // namespace
}  // namespace disco
