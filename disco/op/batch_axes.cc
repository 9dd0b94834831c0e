// SPDX-License-Identifier: Apache-2.0
#include "disco/op/batch_axes.h"

#include "disco/op/op_def.h"
#include "disco/op/op_name.h"

namespace disco {

Result<int> BatchAxes::Of(ValueId value) const {
  if (value == kNoValue) return kNone;
  const Shape &before = Before(value), &after = After(value);
  int found = kNone;
  bool fits = before.rank() == after.rank();
  for (int axis = 0; fits && axis < before.rank(); ++axis) {
    if (before[axis] == after[axis]) continue;
    fits = found == kNone && before[axis] % change_.from == 0 &&
           after[axis] == before[axis] / change_.from * change_.to;
    found = axis;
  }
  if (fits) return found;
  return OpError(op_, ErrorKind::kUnsupported, "'{}' of shape {} becomes {}",
                 graph_.value(value).name, ToString(before), ToString(after));
}

bool BatchAxes::BroadcastsBatch(size_t first) const {
  const int made = Before(op_.outputs[0]).rank() - OfOutput();
  for (size_t slot = first; slot < op_.inputs.size(); ++slot) {
    const int axis = OfInput(slot);
    if (axis != kNone && Before(op_.inputs[slot]).rank() - axis != made) return true;
  }
  return false;
}

bool StaysApart(const BatchAxes&) { return false; }

bool MixesOffFirstAxis(const BatchAxes& axes) {
  for (size_t slot = 1; slot < axes.op().inputs.size(); ++slot) {
    if (axes.OfInput(slot) != BatchAxes::kNone) return true;
  }
  return axes.OfInput() != 0;
}

bool MixesByBroadcast(const BatchAxes& axes) { return axes.BroadcastsBatch(0); }

// A Reshape that moves the batch to another axis has its old extent written on axis 0.
bool MixesByReshape(const BatchAxes& axes) {
  const Op& op = axes.op();
  const Shape &input = axes.Before(op.inputs[0]), &output = axes.Before(op.outputs[0]);
  return input.elements(0, axes.OfInput()) != output.elements(0, axes.OfOutput()) ||
         axes.OfInput() != axes.OfOutput();
}

namespace {

Status CheckOpApart(const Graph& graph, const Op& op, const BatchChange& change) {
  const BatchAxes axes(graph, op, change);
  bool depends = op.type == OpType::kReceive;
  for (const ValueId input : op.inputs) {
    DISCO_ASSIGN(const int axis, axes.Of(input));
    depends = depends || axis != BatchAxes::kNone;
  }
  if (!depends) return {};
  for (const ValueId output : op.outputs) {
    if (output == kNoValue) continue;
    DISCO_ASSIGN(const int axis, axes.Of(output));
    if (axis == BatchAxes::kNone)
      return OpError(op, ErrorKind::kUnsupported, "it takes the batch axis away");
  }
  if (DefOf(op).mixes_batch(axes))
    return OpError(op, ErrorKind::kUnsupported, "it mixes the inputs of a batch");
  return {};
}

}  // namespace

Status CheckBatchApart(const Graph& graph, const BatchChange& change) {
  for (const Op& op : graph.ops) DISCO_TRY(CheckOpApart(graph, op, change));
  return {};
}

}  // namespace disco
