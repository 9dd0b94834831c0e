// SPDX-License-Identifier: Apache-2.0
#include "disco/train/schedule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace disco {
namespace {

TEST(ScheduleTest, WarmsUpLinearly) {
  const Schedule schedule{.peak = 0.4, .warmup_steps = 4, .total_steps = 12};
  EXPECT_DOUBLE_EQ(LearningRate(schedule, 0), 0.1);
  EXPECT_DOUBLE_EQ(LearningRate(schedule, 3), 0.4);
  EXPECT_DOUBLE_EQ(LearningRate(schedule, 4), 0.4);
}

TEST(ScheduleTest, CosineFollowsItsFormula) {
  const Schedule schedule{.peak = 2, .total_steps = 10};
  for (int step = 0; step <= 10; ++step) {
    EXPECT_NEAR(LearningRate(schedule, step), 1 + std::cos(std::numbers::pi * step / 10), 1e-12);
  }
  EXPECT_NEAR(LearningRate(schedule, 99), 0, 1e-12);
}

TEST(ScheduleTest, LinearFollowsItsFormula) {
  const Schedule schedule{ScheduleShape::kLinear, 1, 2, 10};
  EXPECT_DOUBLE_EQ(LearningRate(schedule, 2), 1);
  EXPECT_DOUBLE_EQ(LearningRate(schedule, 6), 0.5);
  EXPECT_DOUBLE_EQ(LearningRate(schedule, 10), 0);
}

TEST(ScheduleTest, ConstantStays) {
  const Schedule schedule{ScheduleShape::kConstant, 0.3, 0, 5};
  EXPECT_DOUBLE_EQ(LearningRate(schedule, 0), 0.3);
  EXPECT_DOUBLE_EQ(LearningRate(schedule, 50), 0.3);
}

TEST(ScheduleTest, WarmUpLongerThanTheRunIsFinite) {
  const Schedule schedule{.peak = 1, .warmup_steps = 10, .total_steps = 5};
  EXPECT_DOUBLE_EQ(LearningRate(schedule, 4), 0.5);
  EXPECT_TRUE(std::isfinite(LearningRate(schedule, 11)));
}

TEST(ScheduleTest, UnknownNameIsUsage) {
  const auto shape = ParseScheduleShape("step");
  ASSERT_FALSE(shape);
  EXPECT_EQ(shape.error().kind, ErrorKind::kUsage);
}

}  // namespace
}  // namespace disco
