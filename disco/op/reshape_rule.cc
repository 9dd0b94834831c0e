// SPDX-License-Identifier: Apache-2.0
#include "disco/op/reshape_rule.h"

namespace disco {
namespace {

// A value around one of its axes: extents before it, on it, behind it.
struct View {
  View(const Shape& shape, int axis)
      : before(shape.elements(0, axis)),
        extent(shape[axis]),
        behind(shape.elements(axis + 1, shape.rank())) {}
  int64_t before, extent, behind;
};

// Whether the output axis holds whole input features, each as often as its extents say.
bool Covers(const View& input, const View& output) {
  return input.before % output.before == 0 && input.behind % output.behind == 0 &&
         output.extent ==
             input.before / output.before * input.extent * (input.behind / output.behind);
}

// Whether it holds groups of input features. One group of all is no split: its axis carries
// nothing.
bool Splits(const View& input, const View& output) {
  return output.extent > 1 && output.before == input.before && input.extent % output.extent == 0 &&
         output.behind == input.extent / output.extent * input.behind;
}

}  // namespace

std::optional<MappedFeatures> MapReshape(const Shape& input, int axis, const Shape& output) {
  const View from(input, axis);
  if (output.elements() == 0) return std::nullopt;
  for (const auto& carries : {Covers, Splits}) {
    for (int candidate = 1; candidate < output.rank(); ++candidate) {
      const View to(output, candidate);
      if (!carries(from, to)) continue;
      MappedFeatures mapped{candidate, {}, carries == Splits ? from.extent / to.extent : 1};
      const int64_t inside = carries == Splits ? 1 : from.behind / to.behind;
      for (int64_t index = 0; index < to.extent; ++index)
        mapped.from.push_back(index / inside * mapped.split % from.extent);
      return mapped;
    }
  }
  return std::nullopt;
}

}  // namespace disco
