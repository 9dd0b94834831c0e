// SPDX-License-Identifier: Apache-2.0
// Shape rules of the ops that only move elements. Private to the room.
// Errors: kInvalid or kUnsupported naming the op.
#pragma once

#include "disco/graph/graph.h"

namespace disco {

inline const Shape& InputShape(const Graph& graph, const Op& op, size_t slot = 0) {
  return graph.value(op.inputs[slot]).shape;
}

Result<Shape> ReshapeShape(const Graph& graph, const Op& op);
Result<Shape> FlattenShape(const Graph& graph, const Op& op);
Result<Shape> TransposeShape(const Graph& graph, const Op& op);
Result<Shape> SqueezeShape(const Graph& graph, const Op& op);
Result<Shape> UnsqueezeShape(const Graph& graph, const Op& op);
Result<Shape> PadShape(const Graph& graph, const Op& op);
Result<Shape> ConcatShape(const Graph& graph, const Op& op);
Result<Shape> GatherShape(const Graph& graph, const Op& op);

}  // namespace disco
