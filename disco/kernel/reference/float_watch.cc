// SPDX-License-Identifier: Apache-2.0
#include "disco/kernel/reference/float_watch.h"

#include <bit>
#include <cstdint>

namespace disco {
namespace {

// By bits, so that looking sets no flags.
bool HoldsNonFinite(std::span<const float> numbers) {
  constexpr uint32_t kExponent = 0x7f800000;
  uint32_t found = 0;
  for (const float number : numbers)
    found |= (std::bit_cast<uint32_t>(number) & kExponent) == kExponent ? 1u : 0u;
  return found != 0;
}

}  // namespace

void FloatWatch::Begin(std::span<const Tensor> inputs) {
  overflow_.reset();
  came_in_ = false;
  for (const Tensor& input : inputs) {
    if (input.dtype() == DType::kF32) came_in_ = came_in_ || HoldsNonFinite(input.Data<float>());
  }
  ClearFlags();
}

void FloatWatch::Judge(const Step& step) {
  const bool overflowed = step.clips && (Flags() & FE_OVERFLOW) != 0;
  if (overflowed || came_in_ || HoldsNonFinite(step.made)) {
    overflow_ = step.op;
  } else {
    ClearFlags();
  }
}

void FloatWatch::AddHelper(int flags) {
  const bool counts = (flags & FE_OVERFLOW) != 0 || (flags != 0 && came_in_);
  if (!overflow_ && counts) overflow_ = std::string_view();
}

}  // namespace disco
