// SPDX-License-Identifier: Apache-2.0
#include "disco/cost/fit_speed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "disco/base/random.h"
#include "disco/cost/op_time.h"

namespace disco {
namespace {

using testing::HasSubstr;

NodeSpeed Known() {
  NodeSpeed speed;
  for (const OpKind kind : kOpKinds) {
    const auto scale = static_cast<double>(kind) + 1;
    speed.of(kind) = {Milliseconds(0.004 * scale), {80e9 / scale}, {20e9 / scale}, {11e9 / scale}};
  }
  speed.of(OpKind::kMove).rate = {kUnlimited};
  speed.of(OpKind::kMove).weights = {kUnlimited};
  return speed;
}

// Ops as they occur in networks; `noise` is the standard deviation of their times, relative.
std::vector<OpMeasurement> Measured(const NodeSpeed& speed, double noise) {
  Random random(5);
  std::vector<OpMeasurement> measurements;
  for (const OpKind kind : kOpKinds) {
    for (int i = 0; i < 40; ++i) {
      OpMeasurement op{
          .kind = kind,
          .macs = {static_cast<int64_t>(std::pow(10, random.Uniform(5, 9)))},
          .weight_bytes = {static_cast<int64_t>(std::pow(10, random.Uniform(3, 7)))},
          .activation_bytes = {static_cast<int64_t>(std::pow(10, random.Uniform(3, 7)))}};
      if (kind == OpKind::kMove) op.macs = {}, op.weight_bytes = {};
      const OpWork work{kind, op.macs, op.weight_bytes, op.activation_bytes};
      op.milliseconds = OpTime(work, speed) * std::exp(noise * random.Normal());
      measurements.push_back(op);
    }
  }
  return measurements;
}

TEST(FitSpeed, FindsTheModelThatMadeTheTimes) {
  const NodeSpeed known = Known(), fitted = *FitSpeed(Measured(known, 0));
  for (const OpKind kind : kOpKinds) {
    const KindSpeed &want = known.of(kind), &got = fitted.of(kind);
    EXPECT_NEAR(got.overhead / want.overhead, 1, 1e-6) << Name(kind);
    EXPECT_NEAR(got.activations.bytes_per_second / want.activations.bytes_per_second, 1, 1e-6);
    if (kind == OpKind::kMove) {
      EXPECT_EQ(got.rate.macs_per_second, kUnlimited);
      EXPECT_EQ(got.weights.bytes_per_second, kUnlimited);
      continue;
    }
    EXPECT_NEAR(got.rate.macs_per_second / want.rate.macs_per_second, 1, 1e-6) << Name(kind);
    EXPECT_NEAR(got.weights.bytes_per_second / want.weights.bytes_per_second, 1, 1e-6);
  }
}

TEST(FitSpeed, StaysNearAndAboveZeroUnderNoise) {
  const NodeSpeed known = Known(), fitted = *FitSpeed(Measured(known, 0.1));
  for (const OpMeasurement& op : Measured(known, 0)) {
    const OpWork work{op.kind, op.macs, op.weight_bytes, op.activation_bytes};
    EXPECT_NEAR(OpTime(work, fitted) / op.milliseconds, 1, 0.15) << Name(op.kind);
  }
  for (const KindSpeed& kind : fitted.kinds) {
    EXPECT_GE(kind.overhead.count(), 0);
    EXPECT_GT(kind.rate.macs_per_second, 0);
    EXPECT_GT(kind.weights.bytes_per_second, 0);
    EXPECT_GT(kind.activations.bytes_per_second, 0);
  }
}

// Free least squares would give the overhead -1 ms here.
TEST(FitSpeed, ATermThatWouldBeNegativeIsZero) {
  std::vector<OpMeasurement> measurements = Measured(Known(), 0);
  std::erase_if(measurements, [](const auto& op) { return op.kind == OpKind::kMove; });
  for (const int64_t megabytes : {1, 2, 3, 4}) {
    measurements.push_back(
        {.kind = OpKind::kMove,
         .activation_bytes = {megabytes * 1'000'000},
         .milliseconds = Milliseconds(2.0 * static_cast<double>(megabytes) - 1)});
  }
  const KindSpeed move = FitSpeed(measurements)->of(OpKind::kMove);
  EXPECT_EQ(move.overhead.count(), 0);
  // The minimum of sum (a m / (2m - 1) - 1)^2 over a: ratios 1, 2/3, 3/5, 4/7.
  const double a = (1 + 2.0 / 3 + 3.0 / 5 + 4.0 / 7) / (1 + 4.0 / 9 + 9.0 / 25 + 16.0 / 49);
  EXPECT_NEAR(move.activations.bytes_per_second, 1e9 / a, 1);
}

TEST(FitSpeed, ShortOpsCountAsMuchAsLongOnes) {
  std::vector<OpMeasurement> measurements = Measured(Known(), 0);
  std::erase_if(measurements, [](const auto& op) { return op.kind == OpKind::kMove; });
  const auto add = [&](int64_t bytes, double ms) {
    measurements.push_back({OpKind::kMove, {}, {}, {bytes}, Milliseconds(ms)});
  };
  add(1000, 0.01);
  add(1000, 0.01);
  add(1'000'000'000, 100);
  add(1'000'000'000, 140);
  const NodeSpeed fitted = *FitSpeed(measurements);
  const OpWork small{.kind = OpKind::kMove, .activations = {1000}};
  EXPECT_NEAR(OpTime(small, fitted).count(), 0.01, 1e-6);
}

TEST(FitSpeed, NamesWhatIsMissing) {
  std::vector<OpMeasurement> measurements = Measured(Known(), 0);
  std::erase_if(measurements, [](const auto& op) { return op.kind == OpKind::kDepthwise; });
  EXPECT_THAT(FitSpeed(measurements).error().message, HasSubstr("depthwise"));
  measurements[0].milliseconds = Milliseconds(0);
  EXPECT_THAT(FitSpeed(measurements).error().message, HasSubstr("kind point took 0 ms"));
}

}  // namespace
}  // namespace disco
