// SPDX-License-Identifier: Apache-2.0
#include "disco/tensor/wire.h"

#include <array>
#include <cmath>
#include <utility>

namespace disco {
namespace {

constexpr std::array<std::pair<WireType, std::string_view>, 3> kNames = {{
    {WireType::kF32, "fp32"},
    {WireType::kF16, "fp16"},
    {WireType::kInt8, "int8"},
}};

}  // namespace

std::string_view Name(WireType type) { return kNames[static_cast<size_t>(type)].second; }

Result<WireType> ParseWireType(std::string_view text) {
  for (const auto& [type, name] : kNames) {
    if (name == text) return type;
  }
  return Fail(ErrorKind::kInvalid, "there is no wire type '{}'; known are fp32, fp16 and int8",
              text);
}

size_t SizeOf(WireType type) {
  switch (type) {
    case WireType::kF32:
      return sizeof(float);
    case WireType::kF16:
      return sizeof(uint16_t);
    case WireType::kInt8:
      return sizeof(uint8_t);
  }
  return sizeof(float);
}

Status CheckScale(const FeatureScale& scale) {
  // Not 1e-40: its inverse would not be finite.
  constexpr float kLeastStep = 1e-30f, kMost = 1e30f;
  if (scale.step >= kLeastStep && scale.step <= kMost && std::abs(scale.low) <= kMost &&
      std::isfinite(scale.low / scale.step))
    return {};
  return Fail(ErrorKind::kInvalid, "low {} and step {} are no scale", scale.low, scale.step);
}

Status CheckWire(const Wire& wire, int64_t features) {
  const auto wanted = wire.type == WireType::kInt8 ? static_cast<size_t>(features) : size_t{0};
  if (wire.scales.size() != wanted) {
    return Fail(ErrorKind::kInvalid, "{} features travel as {} with {} scales", features,
                Name(wire.type), wire.scales.size());
  }
  for (const FeatureScale& scale : wire.scales) DISCO_TRY(CheckScale(scale));
  return {};
}

}  // namespace disco
