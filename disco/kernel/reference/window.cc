// SPDX-License-Identifier: Apache-2.0
#include "disco/kernel/reference/window.h"

#include <utility>

#include "disco/op/window.h"

namespace disco::reference {
namespace {

int64_t Product(const std::vector<int64_t>& extents) { return Shape(extents).elements(); }

}  // namespace

WindowTaps::WindowTaps(ResolvedWindow window, const Shape& input)
    : window_(std::move(window)),
      extents_(input.begin() + 2, input.end()),
      taps_(Product(window_.kernel)),
      outputs_(Product(window_.output)),
      inputs_(Product(extents_)) {}

void WindowTaps::Locate(int64_t output, std::span<int64_t> positions) const {
  for (int64_t tap = 0; tap < taps_; ++tap) {
    int64_t rest_output = output, rest_tap = tap, position = 0, stride = 1;
    bool padding = false, beyond = false;
    for (size_t axis = extents_.size(); axis-- > 0;) {
      const int64_t at = rest_output % window_.output[axis] * window_.strides[axis] -
                         window_.pads_begin[axis] +
                         rest_tap % window_.kernel[axis] * window_.dilations[axis];
      rest_output /= window_.output[axis];
      rest_tap /= window_.kernel[axis];
      padding = padding || at < 0 || at >= extents_[axis];
      beyond = beyond || at >= extents_[axis] + window_.pads_end[axis];
      position += at * stride;
      stride *= extents_[axis];
    }
    positions[static_cast<size_t>(tap)] = beyond ? kBeyond : padding ? kPadding : position;
  }
}

Bytes TapBytes(const Graph& graph, const Op& op) {
  constexpr int64_t kTap = 16 * sizeof(int64_t);
  const auto window = WindowOf(graph, op);
  return window ? Bytes{Product(window->kernel)} * kTap : Bytes{};
}

}  // namespace disco::reference
