// SPDX-License-Identifier: Apache-2.0
// What the constant parameters of an op say: axes, pads, permutations, positions.
// Errors: kInvalid or kUnsupported naming the op.
#pragma once

#include "disco/graph/graph.h"

namespace disco {

// The whole numbers of constant input `slot`, at most `most`; as a rule one or two for each axis.
// Errors: kUnsupported when it is not constant.
Result<std::vector<int64_t>> ConstantIndices(const Graph& graph, const Op& op, size_t slot,
                                             int64_t most = 2 * kMaxRank);

// Axes of a Squeeze, Unsqueeze or ReduceMean, ascending and non-negative; `rank` is that of the
// tensor the axes count in.
Result<std::vector<int>> AxesOf(const Graph& graph, const Op& op, int rank);

// The axes that a Squeeze drops in an inferred graph, also those it does not name.
std::vector<int64_t> SqueezedAxes(const Graph& graph, const Op& op);

// The indices of a Gather in their order (row-major where they are of rank 2 or more), those that
// count from the end counted from the front.
Result<std::vector<int64_t>> GatheredIndices(const Graph& graph, const Op& op);

// The permutation of a Transpose, with ONNX's default (reversed axes) filled in.
std::vector<int64_t> PermutationOf(const Graph& graph, const Op& op);

// Elements that a Pad adds (or, negative, removes) before and after each axis of its input.
struct Pads {
  std::vector<int64_t> begin, end;  // one entry per axis
};
Result<Pads> PadsOf(const Graph& graph, const Op& op);

}  // namespace disco
