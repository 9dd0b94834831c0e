// SPDX-License-Identifier: Apache-2.0
#include "disco/data/draft.h"

#include <algorithm>

namespace disco {

Draft NewDraft(int64_t rows, const Shape& image) {
  Draft draft{Tensor(DType::kF32, {rows, image[0], image[1], image[2]}), nullptr, {}, {}, rows};
  draft.pixels = draft.images.MutableData<float>().data();
  draft.targets.resize(static_cast<size_t>(rows));
  draft.problems.resize(static_cast<size_t>(rows));
  return draft;
}

Batch GoodRows(Draft draft, int64_t number) {
  const auto broken = [](const std::string& problem) { return !problem.empty(); };
  if (std::none_of(draft.problems.begin(), draft.problems.end(), broken)) {
    return {std::move(draft.images), std::move(draft.targets), number};
  }
  const Shape& shape = draft.images.shape();
  const int64_t row_elements = shape.elements(1, shape.rank());
  std::vector<float> pixels;
  std::vector<Target> targets;
  for (size_t row = 0; row < draft.problems.size(); ++row) {
    if (broken(draft.problems[row])) continue;
    const float* from = draft.pixels + static_cast<int64_t>(row) * row_elements;
    pixels.insert(pixels.end(), from, from + row_elements);
    targets.push_back(draft.targets[row]);
  }
  const auto rows = static_cast<int64_t>(targets.size());
  return {Tensor::From<float>({rows, shape[1], shape[2], shape[3]}, pixels), std::move(targets),
          number};
}

}  // namespace disco
