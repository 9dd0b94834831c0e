// SPDX-License-Identifier: Apache-2.0
// Elements that a Pad op adds (or, negative, removes) before and after each axis of its input.
// Errors: kInvalid or kUnsupported naming the op. Thread rule: pure.
#pragma once

#include "disco/graph/graph.h"

namespace disco {

struct Pads {
  std::vector<int64_t> begin, end;  // one entry per axis
};
Result<Pads> PadsOf(const Graph& graph, const Op& op);

}  // namespace disco
