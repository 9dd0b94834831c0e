// SPDX-License-Identifier: Apache-2.0
// Where features go in a reshape. Private to the room.
//
// Row-major, an input [P..., C, I...] holds feature c at (p, c, i). An output axis of extent M * C
// * K that covers whole input features holds it at (m * C + c) * K + k; an output axis that splits
// C into C / R groups of R, more than one, holds group c / R. An axis that covers goes before one
// that splits. Anything else mixes features with positions.
#pragma once

#include <optional>
#include <vector>

#include "disco/tensor/shape.h"

namespace disco {

struct MappedFeatures {
  int axis = 1;               // of the output; never 0, which is the batch
  std::vector<int64_t> from;  // output feature -> an input feature it is made of
  int64_t split = 1;          // R above: input features per output feature
};

std::optional<MappedFeatures> MapReshape(const Shape& input, int axis, const Shape& output);

}  // namespace disco
