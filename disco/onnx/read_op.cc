// SPDX-License-Identifier: Apache-2.0
#include "disco/onnx/read_op.h"

#include "disco/onnx/attributes.h"
#include "disco/onnx/field_reader.h"
#include "disco/op/op_def.h"
#include "disco/op/op_name.h"

namespace disco {
namespace {

// Named after the output: names of ops may stand twice.
void SetInput(const OpReading& into, Op& op, const AttributeInput& input, Tensor tensor) {
  if (op.inputs.size() <= input.slot) op.inputs.resize(input.slot + 1, kNoValue);
  const std::string& owner = op.HasOutput(0) ? into.graph.value(op.outputs[0]).name : op.name;
  op.inputs[input.slot] = into.graph.AddConstant(
      into.names.Fresh(fmt::format("{}.{}", owner, input.name)), std::move(tensor));
}

void ReadAttributeInput(const Attributes& attributes, const AttributeInput& input,
                        const OpReading& into, Op& op) {
  const bool present = attributes.Has(input.name);
  if (into.opset > input.last_opset || (!present && !input.fallback)) return;
  if (input.kind == AttributeInput::Kind::kIntegers)
    return SetInput(into, op, input, Tensor::Indices(attributes.Ints(input.name)));
  const float value = attributes.Float(input.name, input.fallback.value_or(0));
  SetInput(into, op, input, Tensor::Scalar(value));
}

}  // namespace

Status ReadAttributes(const onnx::NodeProto& proto, const OpReading& into, Op& op) {
  const OpDef& def = DefOf(op);
  const Attributes attributes(proto);
  attributes.Ignore("consumed_inputs");  // memory that may be reused, in the oldest files
  op.params = def.defaults;
  if (def.default_at != nullptr) def.default_at(into.opset, op.params);
  FieldReader reader(attributes, into.opset);
  if (def.fields != nullptr) def.fields(reader, op.params);
  if (const Status read = reader.status(); !read)
    return OpError(op, read.error().kind, "{}", read.error().message);
  for (const AttributeInput& input : def.attribute_inputs)
    ReadAttributeInput(attributes, input, into, op);
  if (def.after_reading != nullptr) DISCO_TRY(def.after_reading(op, into.opset));
  if (const Status all = attributes.CheckAllRead(); !all)
    return OpError(op, all.error().kind, "{}", all.error().message);
  return {};
}

}  // namespace disco
