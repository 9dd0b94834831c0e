// SPDX-License-Identifier: Apache-2.0
#include "disco/transport/shape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "disco/base/random.h"
#include "disco/transport/link_schedule.h"

namespace disco {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(LinkShape, IsReadInAnyOrder) {
  for (const char* text :
       {"37.5MB/s,latency=2ms,jitter=0.5ms,loss=0.1%,retry=300ms,seed=7",
        "seed=7,retry=0.3s,loss=0.001,jitter=500us,latency=2ms,300Mbit/s",
        "jitter=0.5ms,bandwidth=37.5MB/s,loss=0.1%,latency=2ms,seed=7,retry=0.3"}) {
    const auto shape = ParseLinkShape(text);
    ASSERT_TRUE(shape) << shape.error().message;
    EXPECT_DOUBLE_EQ(shape->bandwidth.bytes_per_second, 37.5e6);
    EXPECT_DOUBLE_EQ(shape->latency.count(), 2);
    EXPECT_DOUBLE_EQ(shape->jitter.count(), 0.5);
    EXPECT_DOUBLE_EQ(shape->loss, 0.001);
    EXPECT_DOUBLE_EQ(shape->retry.count(), 300);
    EXPECT_EQ(shape->seed, 7u);
  }
}

TEST(LinkShape, PartsLeftOutShapeNothing) {
  const auto shape = ParseLinkShape("latency=1ms");
  ASSERT_TRUE(shape) << shape.error().message;
  EXPECT_TRUE(std::isinf(shape->bandwidth.bytes_per_second));
  EXPECT_EQ(shape->jitter, Milliseconds(0));
  EXPECT_EQ(shape->loss, 0);
}

TEST(LinkShape, RefusesWithThePartAndAnExample) {
  for (const char* part : {"",
                           "fast",
                           "0MB/s",
                           "999B/s",
                           "latency=",
                           "latency=-1ms",
                           "latency=2h",
                           "jitter=1e9s",
                           "latency=3601s",
                           "loss=",
                           "loss=91%",
                           "loss=1",
                           "loss=-1%",
                           "loss=nan",
                           "loss=1%%",
                           "seed=",
                           "seed=-1",
                           "seed=1.5",
                           "seed=18446744073709551616",
                           "speed=1MB/s",
                           "=1",
                           "latency=2ms "}) {
    for (const std::string& text : {std::string(part), std::string(part) + ",retry=1ms"}) {
      const auto shape = ParseLinkShape(text);
      ASSERT_FALSE(shape) << text;
      EXPECT_EQ(shape.error().kind, ErrorKind::kUsage);
      EXPECT_THAT(shape.error().message,
                  AllOf(HasSubstr(fmt::format("'{}'", part)), HasSubstr("37.5MB/s,latency=2ms")));
    }
  }
  EXPECT_FALSE(ParseLinkShape("1MB/s,bandwidth=2MB/s"));
  EXPECT_FALSE(ParseLinkShape("seed=1,seed=1"));
}

TEST(LinkShape, ReadsWhatItWrites) {
  EXPECT_EQ(ToString(*ParseLinkShape("37.5MB/s,loss=0.1%,seed=7")),
            "37.5MB/s,latency=0ms,jitter=0ms,loss=0.001,retry=200ms,seed=7");
  Random random(1);
  for (int i = 0; i < 1000; ++i) {
    const LinkShape shape{.bandwidth = {std::exp(random.Uniform(7, 30))},
                          .latency = Milliseconds(random.Uniform(0, 3.6e6)),
                          .jitter = Milliseconds(std::exp(random.Uniform(-30, 10))),
                          .loss = random.Uniform(0, 0.9),
                          .retry = Milliseconds(random.Uniform(0, 500)),
                          .seed = random()};
    const auto again = ParseLinkShape(ToString(shape));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->bandwidth.bytes_per_second, shape.bandwidth.bytes_per_second);
    EXPECT_EQ(again->latency, shape.latency);
    EXPECT_EQ(again->jitter, shape.jitter);
    EXPECT_EQ(again->loss, shape.loss);
    EXPECT_EQ(again->retry, shape.retry);
    EXPECT_EQ(again->seed, shape.seed);
  }
  const auto unlimited = ParseLinkShape(ToString(LinkShape{}));
  ASSERT_TRUE(unlimited) << unlimited.error().message;
  EXPECT_TRUE(std::isinf(unlimited->bandwidth.bytes_per_second));
}

constexpr Clock::time_point kNow{std::chrono::hours(1)};
Clock::time_point After(double ms) {
  return kNow + std::chrono::round<Clock::duration>(Milliseconds(ms));
}

TEST(LinkSchedule, MessagesLeaveOneAfterTheOther) {
  LinkSchedule link({.bandwidth = {1e6}, .latency = Milliseconds(5)}, 0, 1);
  EXPECT_EQ(link.Arrival(kNow, Bytes{2000}), After(2 + 5));
  EXPECT_EQ(link.Arrival(kNow, Bytes{1000}), After(2 + 1 + 5));
  EXPECT_EQ(link.Arrival(After(1), Bytes{1000}), After(3 + 1 + 5));
  EXPECT_EQ(link.Arrival(After(100), Bytes{1000}), After(100 + 1 + 5)) << "an idle link is free";
}

TEST(LinkSchedule, WithoutBandwidthOnlyLatencyCounts) {
  LinkSchedule link({.latency = Milliseconds(0.5)}, 0, 1);
  EXPECT_EQ(link.Arrival(kNow, Bytes{1'000'000'000}), After(0.5));
  EXPECT_EQ(link.Arrival(kNow, Bytes{1}), After(0.5));
}

TEST(LinkSchedule, JitterIsUniformOnTopOfTheLatency) {
  LinkSchedule link({.latency = Milliseconds(5), .jitter = Milliseconds(2)}, 0, 1);
  Milliseconds total{0};
  constexpr int kMessages = 10'000;
  for (int i = 0; i < kMessages; ++i) {
    const Clock::time_point arrival = link.Arrival(kNow, Bytes{1});
    EXPECT_GE(arrival, After(5));
    EXPECT_LE(arrival, After(7));
    total += arrival - kNow;
  }
  EXPECT_NEAR(total.count() / kMessages, 6, 0.05);
}

// A try is lost with probability p, so a message loses p / (1 - p) tries on average.
TEST(LinkSchedule, EveryLostTryCostsARetryAndNoOtherMessage) {
  LinkSchedule link({.loss = 0.2, .retry = Milliseconds(100)}, 0, 1);
  int64_t retries = 0, twice = 0;
  constexpr int kMessages = 10'000;
  for (int i = 0; i < kMessages; ++i) {
    const auto delay = link.Arrival(kNow, Bytes{1}) - kNow;
    EXPECT_EQ(delay % std::chrono::milliseconds(100), Clock::duration(0));
    retries += delay / std::chrono::milliseconds(100);
    twice += delay >= std::chrono::milliseconds(200) ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(retries) / kMessages, 0.25, 0.03);
  EXPECT_GT(twice, 0);
}

std::vector<Clock::time_point> ArrivalsOf(uint64_t seed, PeerId from, PeerId to) {
  LinkSchedule link({.jitter = Milliseconds(9), .loss = 0.3, .seed = seed}, from, to);
  std::vector<Clock::time_point> arrivals;
  for (int i = 0; i < 100; ++i) arrivals.push_back(link.Arrival(kNow, Bytes{10}));
  return arrivals;
}

TEST(LinkSchedule, DependsOnSeedAndBothEnds) {
  const auto arrivals = ArrivalsOf(7, 0, 1);
  EXPECT_EQ(arrivals, ArrivalsOf(7, 0, 1));
  EXPECT_NE(arrivals, ArrivalsOf(8, 0, 1));
  EXPECT_NE(arrivals, ArrivalsOf(7, 1, 0));
  EXPECT_NE(arrivals, ArrivalsOf(7, 0, 2));
}

}  // namespace
}  // namespace disco
