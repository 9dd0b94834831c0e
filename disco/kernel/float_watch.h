// SPDX-License-Identifier: Apache-2.0
// Tells which step of a run made an infinity, or met a NaN that it may have turned into a number.
// Private to the kernels.
//
// Kernels of libraries clip with instructions that give the bound where the operand is a NaN: a
// network that overflowed would give an answer that looks right. Processors record in their
// floating-point flags every overflow, every operation that makes a NaN of numbers, and every such
// clipping of a NaN; reading the flags costs nanoseconds. A NaN that is only passed on sets no flag
// and reaches the outputs. Thread rule: flags are a thread's own; one thread runs the steps.
#pragma once

#include <cfenv>
#include <optional>
#include <string_view>

namespace disco {

class FloatWatch {
 public:
  // Before the first step.
  void Begin() {
    overflow_.reset();
    ClearFlags();
  }
  // After each step.
  void EndStep(std::string_view op) {
    if (!overflow_ && AreFlagsSet()) overflow_ = op;
  }
  // Somebody else saw flags and knows no op.
  void AddHelper() {
    if (!overflow_) overflow_ = std::string_view();
  }
  // As Program::overflow has it.
  std::optional<std::string_view> overflow() const { return overflow_; }

  // Of the calling thread.
  static void ClearFlags() { std::feclearexcept(kFlags); }
  static bool AreFlagsSet() { return std::fetestexcept(kFlags) != 0; }

 private:
  static constexpr int kFlags = FE_INVALID | FE_OVERFLOW | FE_DIVBYZERO;
  std::optional<std::string_view> overflow_;
};

}  // namespace disco
