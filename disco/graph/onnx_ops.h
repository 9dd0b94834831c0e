// SPDX-License-Identifier: Apache-2.0
// Ops between ONNX's NodeProto and ours. Private to the room.
//
// Older forms become the newest one: what used to be an attribute (axes, pads, bounds) becomes a
// constant input. Errors: kUnsupported naming the op for a type, version or attribute disco does
// not know; kInvalid for an attribute of another type than its own.
#pragma once

#include <onnx/onnx_pb.h>

#include "disco/graph/graph.h"
#include "disco/graph/names.h"

namespace disco {

inline constexpr std::string_view kDiscoDomain = "disco";

// The last opset at which the meaning of every op here is known to be what disco computes.
inline constexpr int64_t kNewestOpset = 28;
inline constexpr int64_t kOldestOpset = 7;
// What is written, unless an op has its form in a newer one only.
inline constexpr int64_t kWrittenOpset = 17;

// What the ops of a file are read into.
struct OpReading {
  int64_t opset;
  Graph& graph;
  Names& names;  // all of the file are taken
};

// Fills op.params, and appends the constant inputs that `proto` has as attributes; op.name, type,
// inputs are set.
Status ReadAttributes(const onnx::NodeProto& proto, const OpReading& into, Op& op);

// The oldest opset, at least kWrittenOpset, that has the form of every op of `graph`.
int64_t OpsetFor(const Graph& graph);

// `op` at `opset`, which is OpsetFor its graph, whose shapes are inferred. Inputs that are
// attributes there are left out of `proto`'s inputs.
Status WriteOp(const Graph& graph, const Op& op, int64_t opset, onnx::NodeProto& proto);

}  // namespace disco
