// SPDX-License-Identifier: Apache-2.0
#include "disco/cost/fit_link.h"

#include <gtest/gtest.h>

#include <cmath>

namespace disco {
namespace {

constexpr Bytes kSmall{64}, kLarge{50'000};

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

TEST(FitLink, FindsTheLinkThatMadeTheTimes) {
  const KnownLink known;
  const FittedLink fitted =
      FitLink(kSmall, OneWay(known.Trip(kSmall)), kLarge, OneWay(known.Trip(kLarge)));
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

// What the sender takes after the receiver has all of it is no time of the way.
TEST(FitLink, NothingIsNegative) {
  const MessageTime early =
      OneWay({Milliseconds(0.010), Milliseconds(0.006), Milliseconds(0.006), Milliseconds(0.001)});
  EXPECT_EQ(early.way.count(), 0);
  // The large message took less to send, too.
  const MessageTime large{.send = Milliseconds(0.004), .way = Milliseconds(0.002)};
  const FittedLink fitted = FitLink(kSmall, early, kLarge, large);
  for (const Milliseconds time :
       {fitted.link.latency, fitted.send.overhead, fitted.receive.overhead})
    EXPECT_GE(time.count(), 0);
  for (const Bandwidth bandwidth :
       {fitted.link.bandwidth, fitted.send.bandwidth, fitted.receive.bandwidth})
    EXPECT_GT(bandwidth.bytes_per_second, 0);
}

TEST(FitLink, ALinkAsQuickAsTheProcessorsIsUnlimited) {
  const MessageTime small{.send = Milliseconds(0.005), .way = Milliseconds(0.004)},
      large{.send = Milliseconds(0.020), .way = Milliseconds(0.015)};
  const FittedLink fitted = FitLink(kSmall, small, kLarge, large);
  EXPECT_TRUE(std::isinf(fitted.link.bandwidth.bytes_per_second));
  EXPECT_EQ(fitted.link.latency.count(), 0);
  EXPECT_NEAR(fitted.receive.Time(kLarge) / large.way, 1, 0.01);
}

}  // namespace
}  // namespace disco
