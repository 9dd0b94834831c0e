// SPDX-License-Identifier: Apache-2.0
#include "disco/plan/reshape_rule.h"

namespace disco {

std::optional<MappedFeatures> MapReshape(const Shape& input, int axis, const Shape& output) {
  const int64_t features = input[axis];
  const int64_t outer = input.elements(0, axis);
  const int64_t inner = input.elements(axis + 1, input.rank());
  for (int candidate = 1; candidate < output.rank(); ++candidate) {
    const int64_t before = output.elements(0, candidate);
    const int64_t after = output.elements(candidate + 1, output.rank());
    const int64_t extent = output[candidate];
    if (before == 0 || after == 0 || extent == 0) return std::nullopt;
    const bool covers = outer % before == 0 && inner % after == 0 &&
                        extent == outer / before * features * (inner / after);
    MappedFeatures mapped{candidate, {}, 1};
    if (covers) {
      const int64_t inside = inner / after;
      for (int64_t index = 0; index < extent; ++index)
        mapped.from.push_back(index / inside % features);
      return mapped;
    }
    if (before == outer && features % extent == 0 && after == features / extent * inner) {
      mapped.split = features / extent;
      for (int64_t index = 0; index < extent; ++index) mapped.from.push_back(index * mapped.split);
      return mapped;
    }
  }
  return std::nullopt;
}

}  // namespace disco
