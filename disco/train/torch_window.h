// SPDX-License-Identifier: Apache-2.0
// Padding of sliding windows for LibTorch, which knows symmetric padding only. Private to the room:
// shows LibTorch types. Thread rule: pure. Errors: none.
#pragma once

#include <algorithm>
#include <vector>

#include "disco/op/window.h"
#include "disco/train/torch_compat.h"

namespace disco {

inline bool IsZero(const std::vector<int64_t>& pads) {
  return std::all_of(pads.begin(), pads.end(), [](int64_t pad) { return pad == 0; });
}

// Adds `begin` and `end` elements of `value` (or, negative, removes) to the last begin.size() axes.
inline at::Tensor PadLastAxes(const at::Tensor& input, const std::vector<int64_t>& begin,
                              const std::vector<int64_t>& end, double value) {
  if (IsZero(begin) && IsZero(end)) return input;
  std::vector<int64_t> pads;  // last axis first, as LibTorch counts
  for (size_t axis = begin.size(); axis-- > 0;) {
    pads.push_back(begin[axis]);
    pads.push_back(end[axis]);
  }
  return at::constant_pad_nd(input, pads, value);
}

// What has to stand after each axis of `input` extents so that the windows end exactly there: the
// op's own pads, more where ceil_mode lets a window reach over them, less where none reads them.
inline std::vector<int64_t> PadsToLastWindow(const ResolvedWindow& window,
                                             const std::vector<int64_t>& input) {
  std::vector<int64_t> pads(input.size());
  for (size_t axis = 0; axis < input.size(); ++axis) {
    const int64_t reach = (window.output[axis] - 1) * window.strides[axis] +
                          (window.kernel[axis] - 1) * window.dilations[axis] + 1;
    pads[axis] = reach - input[axis] - window.pads_begin[axis];
  }
  return pads;
}

// D... of an input [N, C, D...].
inline std::vector<int64_t> SpatialExtents(const Shape& input) {
  return {input.begin() + 2, input.end()};
}

}  // namespace disco
