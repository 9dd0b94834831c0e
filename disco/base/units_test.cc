// SPDX-License-Identifier: Apache-2.0
#include "disco/base/units.h"

#include <gtest/gtest.h>

#include <cmath>

#include "disco/base/clock.h"
#include "disco/base/random.h"

namespace disco {
namespace {

TEST(Units, BandwidthIsReadInBytesAndBits) {
  const std::pair<const char*, double> cases[] = {
      {"1B/s", 1},       {"64kB/s", 64e3},      {"37.5MB/s", 37.5e6}, {"1GB/s", 1e9},
      {"8kbit/s", 1000}, {"100Mbit/s", 12.5e6}, {"1Gbit/s", 125e6},   {"1e3B/s", 1000}};
  for (const auto& [text, bytes_per_second] : cases) {
    const auto bandwidth = ParseBandwidth(text);
    ASSERT_TRUE(bandwidth) << text;
    EXPECT_DOUBLE_EQ(bandwidth->bytes_per_second, bytes_per_second) << text;
  }
}

TEST(Units, SpeedDurationAndBytesAreRead) {
  EXPECT_DOUBLE_EQ(ParseComputeSpeed("125GMAC/s")->macs_per_second, 125e9);
  EXPECT_DOUBLE_EQ(ParseComputeSpeed("1.5TMAC/s")->macs_per_second, 1.5e12);
  EXPECT_DOUBLE_EQ(ParseDuration("250ms")->count(), 250);
  EXPECT_DOUBLE_EQ(ParseDuration("100us")->count(), 0.1);
  EXPECT_DOUBLE_EQ(ParseDuration("800ns")->count(), 0.0008);
  EXPECT_DOUBLE_EQ(ParseDuration("5s")->count(), 5000);
  EXPECT_DOUBLE_EQ(ParseDuration("5")->count(), 5000);
  EXPECT_DOUBLE_EQ(ParseDuration("0")->count(), 0);
  EXPECT_EQ(ParseBytes("512MB")->value, 512'000'000);
  EXPECT_EQ(ParseBytes("1.5kB")->value, 1500);
  EXPECT_EQ(ParseBytes("7")->value, 7);
}

TEST(Units, SpeedsGiveTimes) {
  EXPECT_DOUBLE_EQ(Bandwidth{1e6}.Time(1000).count(), 1);
  EXPECT_DOUBLE_EQ(ComputeSpeed{2e9}.Time(1e6).count(), 0.5);
}

template <class T>
void ExpectRefused(const Result<T>& result, std::string_view text, std::string_view example) {
  ASSERT_FALSE(result) << text;
  EXPECT_EQ(result.error().kind, ErrorKind::kUsage) << text;
  EXPECT_NE(result.error().message.find(text), std::string::npos) << result.error().message;
  EXPECT_NE(result.error().message.find(example), std::string::npos) << result.error().message;
}

class Nonsense : public testing::TestWithParam<const char*> {};

TEST_P(Nonsense, IsRefusedWithAnExample) {
  const std::string text = GetParam();
  ExpectRefused(ParseBandwidth(text), text, "37.5MB/s");
  ExpectRefused(ParseComputeSpeed(text), text, "125GMAC/s");
  ExpectRefused(ParseDuration(text), text, "250ms");
  ExpectRefused(ParseBytes(text), text, "512MB");
}

INSTANTIATE_TEST_SUITE_P(, Nonsense,
                         testing::Values("", " ", "fast", "-1", "-5MB/s", "nan", "inf", "1e999",
                                         "1 MB", "1mb", "5 s", "1ms ", "0x10", "--", "1e308GB"));

TEST(Units, SpeedsAreAboveZeroAndFinite) {
  for (const char* text : {"0MB/s", "1e308GB/s"}) EXPECT_FALSE(ParseBandwidth(text)) << text;
  for (const char* text : {"0GMAC/s", "1e308TMAC/s"}) EXPECT_FALSE(ParseComputeSpeed(text)) << text;
}

TEST(Units, HugeSizesAreRefused) {
  EXPECT_FALSE(ParseBytes("1e15GB"));
  EXPECT_TRUE(ParseBytes("1000GB"));
}

// A duration becomes a point on a clock that counts nanoseconds in 64 bits.
TEST(Units, EveryAcceptedDurationIsADeadlineAhead) {
  for (const char* text : {"1e9s", "1e300s", "1e17", "1e12ms"}) EXPECT_FALSE(ParseDuration(text));
  const auto longest = ParseDuration("1e8s");
  ASSERT_TRUE(longest);
  EXPECT_FALSE(Deadline::In(*longest).Passed());
  EXPECT_GT(Deadline::In(*longest).Left().count(), 0);
}

TEST(Units, APassedDeadlineLeavesNothing) {
  const Deadline passed = Deadline::At(Clock::now() - std::chrono::hours(1));
  EXPECT_TRUE(passed.Passed());
  EXPECT_EQ(passed.Left().count(), 0);
}

TEST(Units, ExactTextIsShort) {
  EXPECT_EQ(ExactText(Bandwidth{37.5e6}), "37.5MB/s");
  EXPECT_EQ(ExactText(Bandwidth{1}), "1B/s");
  EXPECT_EQ(ExactText(ComputeSpeed{125e9}), "125GMAC/s");
  EXPECT_EQ(ExactText(Milliseconds(0.06)), "60us");
  EXPECT_EQ(ExactText(Milliseconds(1500)), "1.5s");
  EXPECT_EQ(ExactText(Bytes{4'000'000'000}), "4GB");
  EXPECT_EQ(ExactText(Bytes{1'234'567}), "1234567B");
}

TEST(Units, ExactTextIsReadBackAsTheSameValue) {
  Random random(1);
  for (int i = 0; i < 1000; ++i) {
    const double value = std::pow(10, random.Uniform(-6, 10));
    EXPECT_EQ(ParseBandwidth(ExactText(Bandwidth{value}))->bytes_per_second, value);
    EXPECT_EQ(ParseComputeSpeed(ExactText(ComputeSpeed{value}))->macs_per_second, value);
    EXPECT_EQ(ParseDuration(ExactText(Milliseconds(value)))->count(), value);
    const Bytes bytes{static_cast<int64_t>(value)};
    EXPECT_EQ(ParseBytes(ExactText(bytes))->value, bytes.value);
  }
}

TEST(Units, CountsAreShownToPeopleWithThreeDigits) {
  EXPECT_EQ(ToString(Bytes{0}), "0 B");
  EXPECT_EQ(ToString(Bytes{999}), "999 B");
  EXPECT_EQ(ToString(Bytes{1000}), "1.00 kB");
  EXPECT_EQ(ToString(Bytes{21'349'000}), "21.3 MB");
  EXPECT_EQ(ToString(Macs{4'090'000'000}), "4.09 GMAC");
  EXPECT_EQ(ToString(Macs{123'000'000'000'000}), "123 TMAC");
}

}  // namespace
}  // namespace disco
