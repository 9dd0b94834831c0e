// SPDX-License-Identifier: Apache-2.0
// Shape inference: the shape and element type of every value, from those of the inputs and
// constants.
//
// Errors: kInvalid or kUnsupported naming the op and the shapes that do not fit.
#pragma once

#include "disco/op/op_def.h"

namespace disco {

// Sets shape and dtype of every value that an op makes.
Status InferShapes(Graph& graph);

// Of all outputs of one op whose inputs have their shapes.
Result<OutputTypes> InferTypes(const Graph& graph, const Op& op);

inline const Shape& InputShape(const Graph& graph, const Op& op, size_t slot = 0) {
  return graph.value(op.inputs[slot]).shape;
}

}  // namespace disco
