// SPDX-License-Identifier: Apache-2.0
// Tells which step of a run made an infinity, or met a NaN that it may have turned into a number.
// Private to the kernels.
//
// Kernels of libraries clip with instructions that give the bound where the operand is a NaN: a
// network that overflowed would give an answer that looks right. Processors record in their
// floating-point flags every overflow, every operation that makes a NaN of numbers, and every such
// clipping of a NaN; reading the flags costs nanoseconds. A NaN that is only passed on sets no flag
// and reaches the outputs.
//
// A flag alone is no proof: vector code also computes in lanes that hold no element. It counts
// together with an infinity or NaN that the step wrote or that came with the network's inputs, and
// an overflow counts in any step that clips, where it leaves no other trace. What comes from
// another node stems from those inputs, or from an overflow that the other node tells of. Thread
// rule: flags are a thread's own; one thread runs the steps.
#pragma once

#include <cfenv>
#include <optional>
#include <span>
#include <string_view>

namespace disco {

class FloatWatch {
 public:
  // Before the first step. `came_in`: whether an infinity or NaN is among the network's inputs.
  void Begin(bool came_in) {
    overflow_.reset();
    came_in_ = came_in;
    ClearFlags();
  }

  struct Step {
    std::string_view op;
    std::span<const float> made;  // what it wrote; empty: no float32
    bool clips = false;           // to the bounds of Relu, Clip or a wire, or to a maximum
  };
  // After each step.
  void EndStep(const Step& step) {
    if (!overflow_ && Flags() != 0) Judge(step);
  }
  // After the last step: the flags that a helper thread has seen, as Flags gives them.
  void AddHelper(int flags);

  // As Program::overflow has it.
  std::optional<std::string_view> overflow() const { return overflow_; }

  // Of the calling thread.
  static void ClearFlags() { std::feclearexcept(kFlags); }
  static int Flags() { return std::fetestexcept(kFlags); }
  // For a number that is about to be clipped.
  static void RaiseOverflow() { std::feraiseexcept(FE_OVERFLOW); }

 private:
  static constexpr int kFlags = FE_INVALID | FE_OVERFLOW | FE_DIVBYZERO;
  void Judge(const Step& step);

  bool came_in_ = false;
  std::optional<std::string_view> overflow_;
};

}  // namespace disco
