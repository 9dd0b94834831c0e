// SPDX-License-Identifier: Apache-2.0
// Shape inference: the shape and element type of every value, from those of the inputs and
// constants.
//
// Errors: kInvalid or kUnsupported naming the op and the shapes that do not fit. Thread rule: pure.
#pragma once

#include "disco/graph/graph.h"

namespace disco {

// Sets shape and dtype of every value that an op makes.
Status InferShapes(Graph& graph);

// The shape of the first output of one op whose inputs have their shapes.
Result<Shape> InferShape(const Graph& graph, const Op& op);

// Sets the batch extent (axis 0) of every input, and of what a shard receives, then infers. What is
// written for the old batch and makes sense for no other (the target of a Reshape that repeats it)
// follows. The answers of the new batch are those that its inputs would get one by one. Errors:
// kUnsupported naming the op and the batch where that cannot be shown, because an op mixes the
// inputs of a batch or takes the batch axis away; the graph is then only good to be dropped.
Status SetBatch(Graph& graph, int64_t batch);

// Batch extent of the first input (in a shard, of what it receives); 1 when there is none.
int64_t BatchOf(const Graph& graph);

// A Window with every default filled in for an input [N, C, D...].
struct ResolvedWindow {
  std::vector<int64_t> kernel, strides, dilations, pads_begin, pads_end;
  std::vector<int64_t> output;  // D'...
};
// `kernel` is given separately because that of a Conv comes from its weights.
// Errors: kInvalid (no op name; callers add it) when counts or extents make no sense.
Result<ResolvedWindow> ResolveWindow(const Window& window, const std::vector<int64_t>& kernel,
                                     const Shape& input, bool ceil_mode);
// The window of a Conv, MaxPool or AveragePool in an inferred graph.
Result<ResolvedWindow> WindowOf(const Graph& graph, const Op& op);

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

}  // namespace disco
