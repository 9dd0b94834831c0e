// SPDX-License-Identifier: Apache-2.0
// How a feature travels between nodes: as float32, as half floats, or as 8 bits with a scale of its
// own.
//
// int8: x travels as q = round((x - low) / step), clipped to 0 .. 255, and arrives as
// (q + low / step) * step. fp16: IEEE half precision, rounded to nearest even, clipped to +-65504.
// One quantiser for kernels, plans and training: the arithmetic is such that no compiler can
// contract it, so that the result has the same bits on every machine. Thread rule: plain values,
// pure functions.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>
#include <vector>

#include "disco/base/result.h"

namespace disco {

enum class WireType : uint8_t { kF32, kF16, kInt8 };

std::string_view Name(WireType type);  // "fp32", "fp16", "int8"
Result<WireType> ParseWireType(std::string_view text);
size_t SizeOf(WireType type);  // bytes of one element

// Of one feature that travels as int8. `step` > 0; both finite.
struct FeatureScale {
  float low = 0, step = 1;
  friend bool operator==(const FeatureScale&, const FeatureScale&) = default;
};

// Errors: kInvalid saying what is wrong with it.
Status CheckScale(const FeatureScale& scale);

struct Wire {
  WireType type = WireType::kF32;
  std::vector<FeatureScale> scales;  // of each feature that travels; kInt8 only
  friend bool operator==(const Wire&, const Wire&) = default;
};

// Errors: kInvalid when `wire` does not fit `features` features.
Status CheckWire(const Wire& wire, int64_t features);

// `condition ? a : b` without a branch, which features of both signs would mispredict, and with
// which compilers make no vectors.
inline uint32_t Chosen(bool condition, uint32_t a, uint32_t b) {
  return b ^ ((a ^ b) & (uint32_t{0} - uint32_t{condition}));
}

inline uint8_t EncodeInt8(float x, float low, float inverse) {
  // The bits of floats are in the order of those floats, negative ones and what is no number
  // behind.
  constexpr uint32_t kInfinity = 0x7f800000;
  constexpr auto kMost = std::bit_cast<uint32_t>(255.0f);
  auto bits = std::bit_cast<uint32_t>((x - low) * inverse);
  bits = Chosen(bits > kInfinity, 0, bits);  // negative, or not a number
  bits = Chosen(bits < kMost, bits, kMost);
  return static_cast<uint8_t>(static_cast<int>(std::bit_cast<float>(bits) + 0.5f));
}

inline float DecodeInt8(uint8_t q, float zero, float step) {
  return (static_cast<float>(q) + zero) * step;
}

// A FeatureScale made ready for many elements.
struct Int8Code {
  explicit Int8Code(const FeatureScale& scale)
      : low(scale.low), inverse(1 / scale.step), step(scale.step), zero(scale.low / scale.step) {}

  uint8_t Encode(float x) const { return EncodeInt8(x, low, inverse); }
  float Decode(uint8_t q) const { return DecodeInt8(q, zero, step); }
  // Whether `x` is encoded without being clipped.
  bool Covers(float x) const {
    const float q = (x - low) * inverse;
    return q >= 0 && q <= 255;
  }

  float low, inverse, step, zero;
};

// What EncodeHalf leaves in its place is at most this far from 0.
inline constexpr float kMostHalf = 65504;

inline uint16_t EncodeHalf(float x) {
  constexpr uint32_t kLargest = 0x477fe000, kLeastNormal = 0x38800000, kInfinity = 0x7f800000;
  const auto bits = std::bit_cast<uint32_t>(x);
  const uint32_t sign = (bits >> 16) & 0x8000;
  uint32_t magnitude = bits & 0x7fffffff;
  const bool number = magnitude <= kInfinity;
  magnitude = magnitude < kLargest ? magnitude : kLargest;
  // Adding one half shifts the bits of a subnormal to their place, and rounds.
  const auto shifted = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0.5f);
  const uint32_t subnormal = shifted - 0x3f000000;
  const uint32_t to_even = 0xfff + ((magnitude >> 13) & 1);
  const uint32_t normal = (magnitude - 0x38000000 + to_even) >> 13;
  const uint32_t half = Chosen(magnitude < kLeastNormal, subnormal, normal);
  return static_cast<uint16_t>(sign | Chosen(number, half, 0x7e00));
}

inline float DecodeHalf(uint16_t half) {
  constexpr float kScale = 0x1p112f;  // between the biases of the exponents
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const uint32_t magnitude = static_cast<uint32_t>(half & 0x7fff) << 13;
  const auto value = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) * kScale);
  return std::bit_cast<float>(sign | Chosen(magnitude < 0x0f800000, value, 0x7fc00000));
}

}  // namespace disco
