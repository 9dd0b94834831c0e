// SPDX-License-Identifier: Apache-2.0
#include "disco/node/step_log.h"

#include <gtest/gtest.h>

namespace disco {
namespace {

std::vector<std::byte> Example() {
  const Clock::time_point start{};
  const StepTime steps[] = {
      {"conv", StepKind::kCompute, start, start + std::chrono::milliseconds(2)},
      {"a\nb", StepKind::kReceive, start + std::chrono::milliseconds(2),
       start + std::chrono::milliseconds(5)}};
  return EncodeSteps(steps, start);
}

TEST(StepLogTest, StepsComeBack) {
  const auto steps = DecodeSteps(Example());
  ASSERT_TRUE(steps);
  ASSERT_EQ(steps->size(), 2u);
  EXPECT_EQ(steps->at(0).name, "conv");
  EXPECT_EQ(steps->at(0).end, Milliseconds(2));
  EXPECT_EQ(steps->at(1).name, "a b") << "for terminals";
  EXPECT_EQ(steps->at(1).kind, StepKind::kReceive);
  EXPECT_EQ(steps->at(1).start, Milliseconds(2));
}

TEST(StepLogTest, WhatIsCutShortOrOfNoKindIsRefused) {
  const std::vector<std::byte> whole = Example();
  const size_t first = 24 + 4;  // a whole step
  for (size_t size = 1; size < whole.size(); ++size) {
    EXPECT_EQ(DecodeSteps(std::span(whole).first(size)).has_value(), size == first) << size;
  }
  std::vector<std::byte> strange = whole;
  strange[16] = std::byte{77};
  EXPECT_FALSE(DecodeSteps(strange));
  std::vector<std::byte> endless = whole;  // its end is not a number
  std::fill_n(endless.begin() + 8, 8, std::byte{0xff});
  EXPECT_FALSE(DecodeSteps(endless));
}

}  // namespace
}  // namespace disco
