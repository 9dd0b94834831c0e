// SPDX-License-Identifier: Apache-2.0
// Where a sliding window touches its input. Shared by the kernels.
#pragma once

#include <span>
#include <vector>

#include "disco/base/units.h"
#include "disco/op/window.h"

namespace disco::reference {

// D... -> D' of one window; positions are counted row-major over D... and D'.
class WindowTaps {
 public:
  static constexpr int64_t kPadding = -1;  // inside the padding
  static constexpr int64_t kBeyond = -2;   // past the padding, where ceil_mode reaches

  // `input` is [N, C, D...].
  WindowTaps(ResolvedWindow window, const Shape& input);

  int64_t taps() const { return taps_; }                            // product of K...
  int64_t outputs() const { return outputs_; }                      // product of D'...
  int64_t inputs() const { return inputs_; }                        // product of D...
  const std::vector<int64_t>& extents() const { return extents_; }  // D...
  // The input position of each tap [K...] at output position `output`, or kPadding or kBeyond.
  void Locate(int64_t output, std::span<int64_t> positions) const;

 private:
  ResolvedWindow window_;
  std::vector<int64_t> extents_;
  int64_t taps_, outputs_, inputs_;
};

// Of the taps of 16 positions at a time; nothing where `op` has no window that can be resolved.
Bytes TapBytes(const Graph& graph, const Op& op);

}  // namespace disco::reference
