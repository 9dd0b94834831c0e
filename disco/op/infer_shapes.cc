// SPDX-License-Identifier: Apache-2.0
#include "disco/op/infer_shapes.h"

#include "disco/op/op_def.h"
#include "disco/op/op_name.h"
#include "disco/op/validate.h"
#include "disco/op/work.h"

namespace disco {
namespace {

// Data inputs have one type.
Status CheckInputs(const Graph& graph, const Op& op) {
  DISCO_TRY(CheckSignature(op));
  const OpDef& def = DefOf(op);
  for (size_t slot = 0; slot < op.inputs.size(); ++slot) {
    if (!op.HasInput(slot) || def.IsParameter(slot)) continue;
    const Value& value = graph.value(op.inputs[slot]);
    if (value.dtype != graph.value(op.inputs[0]).dtype) {
      return OpError(op, ErrorKind::kInvalid, "input '{}' is {} where {} is read", value.name,
                     Name(value.dtype), Name(graph.value(op.inputs[0]).dtype));
    }
  }
  return {};
}

}  // namespace

Result<OutputTypes> InferTypes(const Graph& graph, const Op& op) {
  DISCO_ASSIGN(OutputTypes types, DefOf(op).infer(graph, op));
  for (const TypedShape& type : types) {
    if (const Status fits = CheckShape(type.shape); !fits)
      return OpError(op, ErrorKind::kInvalid, "{}", fits.error().message);
  }
  return types;
}

Status InferShapes(Graph& graph) {
  for (const ValueId input : graph.inputs) {
    if (const Status fits = CheckShape(graph.value(input).shape); !fits)
      return At(fmt::format("input '{}'", graph.value(input).name), fits.error());
  }
  for (const Op& op : graph.ops) {
    DISCO_TRY(CheckInputs(graph, op));
    DISCO_ASSIGN(OutputTypes types, InferTypes(graph, op));
    for (size_t slot = 0; slot < op.outputs.size(); ++slot) {
      if (!op.HasOutput(slot)) continue;
      Value& value = graph.value(op.outputs[slot]);
      value.dtype = types[slot].dtype;
      value.shape = std::move(types[slot].shape);
    }
  }
  return CheckWork(graph);
}

}  // namespace disco
