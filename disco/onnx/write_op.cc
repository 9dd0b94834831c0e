// SPDX-License-Identifier: Apache-2.0
#include "disco/onnx/write_op.h"

#include <algorithm>

#include "disco/onnx/field_writer.h"
#include "disco/op/op_def.h"
#include "disco/op/parameters.h"

namespace disco {
namespace {

// What the opset has as attributes still. They are the last inputs of an op.
Status WriteAttributeInputs(const OpWriting& from, Op& op, AttributeWriter& writer) {
  for (const AttributeInput& input : DefOf(op).attribute_inputs) {
    if (from.opset > input.last_opset || !op.HasInput(input.slot)) continue;
    DISCO_ASSIGN(const std::vector<int64_t> numbers, ConstantIndices(from.graph, op, input.slot));
    writer.Ints(input.name, numbers);
    op.inputs.resize(input.slot);
  }
  return {};
}

void WriteValues(const OpWriting& from, const Op& op, onnx::NodeProto& proto) {
  const auto name = [&](ValueId id) { return id == kNoValue ? "" : from.graph.value(id).name; };
  for (const ValueId input : op.inputs) proto.add_input(name(input));
  for (const ValueId output : op.outputs) proto.add_output(name(output));
  const OpDef& def = DefOf(op);
  const size_t named = def.Is(kNamesAllOutputs) ? def.ArityOf(op).most_outputs : 0;
  while (static_cast<size_t>(proto.output_size()) < named) proto.add_output();
  for (int slot = 1; slot < static_cast<int>(named); ++slot) {
    if (proto.output(slot).empty())
      proto.set_output(slot, from.names.Fresh(fmt::format("{}.{}", proto.output(0), slot)));
  }
}

}  // namespace

int64_t OpsetFor(const Graph& graph) {
  int64_t opset = kWrittenOpset;
  for (const Op& op : graph.ops) {
    const auto written = DefOf(op).written_opset;
    if (written != nullptr) opset = std::max(opset, written(op));
  }
  return opset;
}

Status WriteOp(const OpWriting& from, const Op& op, onnx::NodeProto& proto) {
  Op written = op;
  if (const auto at_opset = DefOf(op).at_opset; at_opset != nullptr) {
    DISCO_ASSIGN(written, at_opset(from.graph, op, from.opset));
  }
  const OpDef& def = DefOf(written);
  proto.set_name(written.name);
  proto.set_op_type(std::string(def.name));
  if (!def.domain.empty()) proto.set_domain(std::string(def.domain));
  AttributeWriter writer(proto);
  DISCO_TRY(WriteAttributeInputs(from, written, writer));
  FieldWriter fields(proto, from.opset);
  if (def.fields != nullptr) def.fields(fields, written.params);
  WriteValues(from, written, proto);
  return {};
}

}  // namespace disco
