// SPDX-License-Identifier: Apache-2.0
#include "disco/tensor/wire.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "disco/base/random.h"
#include "disco/op/op_name.h"

namespace disco {
namespace {

TEST(WireTest, EveryHalfComesBack) {
  for (uint32_t half = 0; half < 0x10000; ++half) {
    const bool finite = (half & 0x7fff) < 0x7c00;
    if (finite) {
      EXPECT_EQ(EncodeHalf(DecodeHalf(static_cast<uint16_t>(half))), half);
    }
  }
  EXPECT_EQ(DecodeHalf(0x3c00), 1.0f);
  EXPECT_EQ(DecodeHalf(0x7bff), 65504.0f);
  EXPECT_EQ(DecodeHalf(0x0001), 0x1p-24f);
}

TEST(WireTest, HalvesAreTheNearest) {
  Random random(1);
  for (int i = 0; i < 100'000; ++i) {
    const auto x = static_cast<float>(random.Normal() * std::exp(random.Uniform(-18, 10)));
    const uint16_t half = EncodeHalf(x);
    const double error = std::abs(double{DecodeHalf(half)} - x);
    for (const int step : {-1, 1}) {
      const auto other = static_cast<uint16_t>(half + step);
      if ((other & 0x7fff) >= 0x7c00 || ((other ^ half) & 0x8000) != 0) continue;
      EXPECT_LE(error, std::abs(double{DecodeHalf(other)} - x)) << x;
    }
  }
  EXPECT_EQ(EncodeHalf(1 + 0x1p-11f), 0x3c00) << "a tie goes to the even one";
  EXPECT_EQ(EncodeHalf(1 + 3 * 0x1p-11f), 0x3c02);
}

TEST(WireTest, HalvesAreClipped) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(DecodeHalf(EncodeHalf(1e9f)), 65504.0f);
  EXPECT_EQ(DecodeHalf(EncodeHalf(-infinity)), -65504.0f);
  EXPECT_TRUE(std::isnan(DecodeHalf(EncodeHalf(std::nanf("")))));
}

TEST(WireTest, EightBitsAreWithinHalfAStep) {
  Random random(2);
  for (const FeatureScale scale : {FeatureScale{0, 0.02f}, {-1.5f, 0.01f}, {-1e-3f, 1e-5f}}) {
    const Int8Code code(scale);
    const float high = scale.low + 255 * scale.step;
    for (int i = 0; i < 10'000; ++i) {
      const auto x = static_cast<float>(random.Uniform(scale.low, high));
      EXPECT_LE(std::abs(code.Decode(code.Encode(x)) - x), 0.5001f * scale.step) << x;
    }
    for (int q = 0; q < 256; ++q)
      EXPECT_EQ(code.Encode(code.Decode(static_cast<uint8_t>(q))), q) << scale.low;
  }
}

TEST(WireTest, EightBitsAreClipped) {
  const Int8Code code({0, 0.1f});
  EXPECT_EQ(code.Encode(-3), 0);
  EXPECT_EQ(code.Encode(1e30f), 255);
  EXPECT_EQ(code.Encode(std::nanf("")), 0);
  EXPECT_EQ(code.Decode(0), 0.0f) << "what was zero stays zero";
}

TEST(WireTest, EightBitsAtTheEdges) {
  const float infinity = std::numeric_limits<float>::infinity(), nan = std::nanf("");
  const Int8Code code({0, 1});
  for (const auto& [x, q] : {std::pair(-0.0f, 0),
                             {-1e-40f, 0},
                             {1e-40f, 0},
                             {-infinity, 0},
                             {-nan, 0},
                             {nan, 0},
                             {0.5f, 1},
                             {254.49f, 254},
                             {254.5f, 255},
                             {255.0f, 255},
                             {255.01f, 255},
                             {infinity, 255}})
    EXPECT_EQ(code.Encode(x), q) << x;
}

TEST(WireTest, HalvesAtTheEdges) {
  const float infinity = std::numeric_limits<float>::infinity(), nan = std::nanf("");
  for (const auto& [x, half] : {std::pair(0.0f, 0),
                                {-0.0f, 0x8000},
                                {0x1p-26f, 0},
                                {0x1p-25f, 0},
                                {0x1.8p-25f, 1},
                                {0x1p-14f, 0x0400},
                                {0x1.ff8p-15f, 0x03ff},
                                {-0x1.fffp-15f, 0x8400},
                                {65504.0f, 0x7bff},
                                {65519.0f, 0x7bff},
                                {infinity, 0x7bff},
                                {-infinity, 0xfbff},
                                {nan, 0x7e00},
                                {-nan, 0xfe00}})
    EXPECT_EQ(EncodeHalf(x), half) << x;
  for (const int half : {0x7c00, 0x7e01, 0xfc00, 0xffff}) {
    const float x = DecodeHalf(static_cast<uint16_t>(half));
    EXPECT_TRUE(std::isnan(x)) << half;
    EXPECT_EQ(std::signbit(x), half >= 0x8000);
  }
  EXPECT_TRUE(std::signbit(DecodeHalf(0x8000)));
}

TEST(WireTest, CoversWhatIsNotClipped) {
  const Int8Code code({-1, 1.0f / 128});
  const float high = -1 + 255.0f / 128;
  for (const float x : {-1.0f, 0.0f, 0.3f, high}) EXPECT_TRUE(code.Covers(x)) << x;
  for (const float x : {-1.01f, high + 0.01f, 1e30f, std::nanf("")})
    EXPECT_FALSE(code.Covers(x)) << x;
}

TEST(WireTest, ScalesThatMakeNoSenseAreRefused) {
  const float nan = std::nanf("");
  for (const FeatureScale scale :
       {FeatureScale{0, 0}, {0, -1}, {0, nan}, {nan, 1}, {0, 1e-40f}, {1e38f, 1}, {1e30f, 1e-30f}})
    EXPECT_FALSE(CheckScale(scale)) << scale.low << " " << scale.step;
  EXPECT_TRUE(CheckWire({WireType::kInt8, {{0, 1}}}, 1));
  EXPECT_FALSE(CheckWire({WireType::kInt8, {{0, 1}}}, 2));
  EXPECT_FALSE(CheckWire({WireType::kF16, {{0, 1}}}, 1));
}

TEST(WireTest, NamesComeBack) {
  for (const WireType type : {WireType::kF32, WireType::kF16, WireType::kInt8})
    EXPECT_EQ(*ParseWireType(Name(type)), type);
  EXPECT_FALSE(ParseWireType("fp64"));
}

}  // namespace
}  // namespace disco
