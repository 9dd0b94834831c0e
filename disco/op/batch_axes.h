// SPDX-License-Identifier: Apache-2.0
// BatchAxes: the axes of one op's values whose extent follows the batch, and the ways in which
// inputs of a batch could come together in it (OpDef::mixes_batch). Private to the module.
#pragma once

#include <vector>

#include "disco/graph/graph.h"

namespace disco {

// One change of the batch: the shapes of all values by ValueId, before and after.
struct BatchChange {
  int64_t from = 1, to = 1;
  std::vector<Shape> before, after;
};

class BatchAxes {
 public:
  static constexpr int kNone = -1;  // the value does not depend on the batch

  BatchAxes(const Graph& graph, const Op& op, const BatchChange& change)
      : graph_(graph), op_(op), change_(change) {}

  const Graph& graph() const { return graph_; }
  const Op& op() const { return op_; }

  // Errors: kUnsupported where the shape follows the batch in another way than along one axis.
  Result<int> Of(ValueId value) const;
  int OfInput(size_t slot = 0) const {
    return op_.HasInput(slot) ? Of(op_.inputs[slot]).value_or(kNone) : kNone;
  }
  int OfOutput() const { return Of(op_.outputs[0]).value_or(kNone); }

  // Whether an input from slot `first` on has its batch on another axis of the result: a batch of 1
  // broadcasts over it, and one of its extent would be taken for it.
  bool BroadcastsBatch(size_t first) const;
  const Shape& Before(ValueId value) const { return change_.before[static_cast<size_t>(value)]; }

 private:
  const Shape& After(ValueId value) const { return change_.after[static_cast<size_t>(value)]; }

  const Graph& graph_;
  const Op& op_;
  const BatchChange& change_;
};

// Never mixes: each result is made of elements at its own place of the batch.
bool StaysApart(const BatchAxes& axes);
// Reads along all axes but the first.
bool MixesOffFirstAxis(const BatchAxes& axes);
// Broadcasts its inputs.
bool MixesByBroadcast(const BatchAxes& axes);
// What stands outside the batch axis has to stay, or elements of several inputs come together.
bool MixesByReshape(const BatchAxes& axes);

// Whether the inputs of a batch stay apart from one another in a network, so that it gives for a
// batch what it gives for each input alone. Errors: kUnsupported naming the op.
Status CheckBatchApart(const Graph& graph, const BatchChange& change);

}  // namespace disco
