// SPDX-License-Identifier: Apache-2.0
#include "disco/data/target.h"

#include <algorithm>

namespace disco {

std::vector<int64_t> LabelsOf(std::span<const Target> targets) {
  std::vector<int64_t> labels(targets.size());
  std::ranges::transform(targets, labels.begin(), LabelOf);
  return labels;
}

}  // namespace disco
