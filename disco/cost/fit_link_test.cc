// SPDX-License-Identifier: Apache-2.0
#include "disco/cost/fit_link.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace disco {
namespace {

constexpr Bytes kSmall{64}, kLarge{50'000}, kSustained{1'000'000};

struct KnownLink {
  PackSpeed pack{Milliseconds(0.005), {2e9}};  // sending and receiving
  Link link{{40e6}, Milliseconds(0.06)};
  Milliseconds Way(Bytes payload) const {
    return link.bandwidth.Time(static_cast<double>(payload.value)) + link.latency +
           pack.Time(payload);
  }
  // With different prices of sending at the two ends, and some computing in between.
  RoundTrip Trip(Bytes payload) const {
    const Milliseconds there = pack.Time(payload) * 0.8, back = pack.Time(payload) * 1.2,
                       between{0.003};
    return {there + Way(payload) + between + back + Way(payload), there, back, between};
  }
};

// `free` bytes pass at once for nothing.
TimedMessage Timed(const KnownLink& known, Bytes payload, Bytes free = {}) {
  RoundTrip trip = known.Trip(payload);
  const Bytes saved = std::min(payload, free);
  trip.whole -= 2 * known.link.bandwidth.Time(static_cast<double>(saved.value));
  return {payload, OneWay(trip)};
}

TEST(FitLink, FindsTheLinkThatMadeTheTimes) {
  const KnownLink known;
  const TimedMessage small = Timed(known, kSmall), large = Timed(known, kLarge);
  for (const TimedMessage& sustained : {large, Timed(known, kSustained)}) {
    const FittedLink fitted = FitLink({small, large, sustained});
    EXPECT_NEAR(fitted.link.bandwidth.bytes_per_second / known.link.bandwidth.bytes_per_second, 1,
                1e-6);
    for (const Bytes payload : {kSmall, kLarge, Bytes{10'000}}) {
      const Milliseconds way = fitted.link.latency +
                               fitted.link.bandwidth.Time(static_cast<double>(payload.value)) +
                               fitted.receive.Time(payload);
      EXPECT_NEAR(way / known.Way(payload), 1, 1e-3) << payload.value;
      EXPECT_NEAR(fitted.send.Time(payload) / known.pack.Time(payload), 1, 1e-2) << payload.value;
    }
  }
}

// As the bucket of a traffic shaper lets 16 kB through, again and again.
TEST(FitLink, WhatPassesForNothingHardlyCountsInTheLongRun) {
  const KnownLink known;
  constexpr Bytes kFree{16'000};
  const TimedMessage small = Timed(known, kSmall, kFree), large = Timed(known, kLarge, kFree);
  const auto off = [&](const TimedMessage& sustained) {
    return FitLink({small, large, sustained}).link.bandwidth.bytes_per_second /
           known.link.bandwidth.bytes_per_second;
  };
  EXPECT_GT(off(large), 1.4);
  EXPECT_NEAR(off(Timed(known, kSustained, kFree)), 1, 0.02);
}

// What the sender takes after the receiver has all of it is no time of the way.
TEST(FitLink, NothingIsNegative) {
  const MessageTime early =
      OneWay({Milliseconds(0.010), Milliseconds(0.006), Milliseconds(0.006), Milliseconds(0.001)});
  EXPECT_EQ(early.way.count(), 0);
  // The large message took less to send, too.
  const TimedMessage large{kLarge, {.send = Milliseconds(0.004), .way = Milliseconds(0.002)}};
  const FittedLink fitted = FitLink({{kSmall, early}, large, large});
  for (const Milliseconds time :
       {fitted.link.latency, fitted.send.overhead, fitted.receive.overhead})
    EXPECT_GE(time.count(), 0);
  for (const Bandwidth bandwidth :
       {fitted.link.bandwidth, fitted.send.bandwidth, fitted.receive.bandwidth})
    EXPECT_GT(bandwidth.bytes_per_second, 0);
}

TEST(FitLink, ALinkAsQuickAsTheProcessorsIsUnlimited) {
  const TimedMessage small{kSmall, {.send = Milliseconds(0.005), .way = Milliseconds(0.004)}},
      large{kLarge, {.send = Milliseconds(0.020), .way = Milliseconds(0.015)}};
  const FittedLink fitted = FitLink({small, large, large});
  EXPECT_TRUE(std::isinf(fitted.link.bandwidth.bytes_per_second));
  EXPECT_EQ(fitted.link.latency.count(), 0);
  EXPECT_NEAR(fitted.receive.Time(kLarge) / large.time.way, 1, 0.01);
}

TEST(FitLink, APayloadLastsAsLongAsAskedWithinLimits) {
  const Milliseconds time(10);
  EXPECT_EQ(PayloadLasting(time, {{30e6}}, kLarge, kSustained).value, 300'000);
  EXPECT_EQ(PayloadLasting(time, {{1e6}}, kLarge, kSustained), kLarge);
  EXPECT_EQ(PayloadLasting(time, {{kUnlimited}}, kLarge, kSustained), kSustained);
}

}  // namespace
}  // namespace disco
