// SPDX-License-Identifier: Apache-2.0
// Windows that slide over the spatial axes: kernel, stride, dilation, padding and the extents they
// give. Formulas: ONNX, ops Conv and MaxPool.
#pragma once

#include "disco/graph/graph.h"
#include "disco/op/fields.h"

namespace disco {

// A Window with every default filled in for an input [N, C, D...].
struct ResolvedWindow {
  std::vector<int64_t> kernel, strides, dilations, pads_begin, pads_end;
  std::vector<int64_t> output;  // D'...
};
// `kernel` is given separately because that of a Conv comes from its weights.
// Errors: kInvalid (no op name; callers add it) when counts or extents are out of range.
Result<ResolvedWindow> ResolveWindow(const Window& window, const std::vector<int64_t>& kernel,
                                     const Shape& input, bool ceil_mode);
// The window of a Conv, MaxPool or AveragePool in an inferred graph.
Result<ResolvedWindow> WindowOf(const Graph& graph, const Op& op);

// [N, features, D'...]
Result<Shape> WindowShape(const Graph& graph, const Op& op, int64_t features);

void WindowFields(FieldVisitor& visitor, Window& window);

}  // namespace disco
