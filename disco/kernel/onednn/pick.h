// SPDX-License-Identifier: Apache-2.0
// Moving elements without arithmetic: every element of a block comes from a place that is the sum
// of one offset per axis, or is filled. Concat, Gather, Pad and Transpose are this. Private to the
// room.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "disco/kernel/onednn/step.h"

namespace disco::onednn {

struct PickAxis {
  std::vector<int64_t> sources;  // of each position along the axis, in elements; -1: filled
  int64_t target_stride;         // in elements
};

struct Pick {
  const std::byte* from;
  std::byte* to;
  size_t element_size;
  std::vector<PickAxis> axes;      // any order
  std::vector<std::byte> filling;  // one element; may be empty when nothing is filled
};

// One offset per position: `indices` (-1: filled) along an axis of stride `source_stride`.
PickAxis MakePickAxis(const std::vector<int64_t>& indices, int64_t source_stride,
                      int64_t target_stride);

class PickStep : public Step {
 public:
  explicit PickStep(std::vector<Pick> picks);
  Status Run(const RunContext& context) override;

 private:
  struct Plan {
    Pick pick;
    int64_t run;                  // neighbours that are moved at once
    std::optional<int64_t> step;  // from one to the next source of the innermost axis
  };
  std::vector<Plan> plans_;
};

}  // namespace disco::onednn
