// SPDX-License-Identifier: Apache-2.0
// From an op to ONNX's NodeProto. Private to the module. Errors: kUnsupported naming the op, where
// an opset has no form of it.
#pragma once

#include <onnx/onnx_pb.h>

#include "disco/graph/graph.h"
#include "disco/graph/names.h"

namespace disco {

// The oldest opset, at least kWrittenOpset, that has the form of every op of `graph`.
int64_t OpsetFor(const Graph& graph);

struct OpWriting {
  const Graph& graph;  // shapes are inferred
  int64_t opset;       // OpsetFor the graph
  Names& names;        // for outputs that have to have one
};

// Inputs that are attributes at the opset are left out of `proto`'s inputs.
Status WriteOp(const OpWriting& from, const Op& op, onnx::NodeProto& proto);

}  // namespace disco
