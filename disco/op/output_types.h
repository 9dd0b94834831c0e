// SPDX-License-Identifier: Apache-2.0
// From a shape rule to the types of all outputs. Private to the module.
#pragma once

#include "disco/op/op_def.h"

namespace disco {

// An op with one output, of the type of its first input.
template <Result<Shape> (*Rule)(const Graph&, const Op&)>
Result<OutputTypes> OneOutput(const Graph& graph, const Op& op) {
  DISCO_ASSIGN(Shape shape, Rule(graph, op));
  return OutputTypes{{graph.value(op.inputs[0]).dtype, std::move(shape)}};
}

// A second, optional output of the same shape.
template <Result<Shape> (*Rule)(const Graph&, const Op&), DType second>
Result<OutputTypes> TwoOutputs(const Graph& graph, const Op& op) {
  DISCO_ASSIGN(Shape shape, Rule(graph, op));
  return OutputTypes{{graph.value(op.inputs[0]).dtype, shape}, {second, shape}};
}

inline Result<Shape> ShapeOfInput(const Graph& graph, const Op& op) {
  return graph.value(op.inputs[0]).shape;
}

}  // namespace disco
