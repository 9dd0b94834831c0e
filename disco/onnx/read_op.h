// SPDX-License-Identifier: Apache-2.0
// From ONNX's NodeProto to the parameters of an op. Private to the module.
//
// Older forms become the newest one: what used to be an attribute (axes, pads, bounds) becomes a
// constant input. Errors: kUnsupported naming the op for a type, version or attribute disco does
// not know; kInvalid for an attribute of another type than its own.
#pragma once

#include <onnx/onnx_pb.h>

#include "disco/graph/graph.h"
#include "disco/graph/names.h"

namespace disco {

// The last opset at which the meaning of every op here is known to be what disco computes.
inline constexpr int64_t kNewestOpset = 28;
inline constexpr int64_t kOldestOpset = 7;

// What the ops of a file are read into.
struct OpReading {
  int64_t opset;
  Graph& graph;
  Names& names;  // all of the file are taken
};

// Fills op.params, and appends the constant inputs that `proto` has as attributes; op.name, type,
// inputs and outputs are set.
Status ReadAttributes(const onnx::NodeProto& proto, const OpReading& into, Op& op);

}  // namespace disco
