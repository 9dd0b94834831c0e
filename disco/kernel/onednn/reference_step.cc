// SPDX-License-Identifier: Apache-2.0
#include "disco/kernel/onednn/reference_step.h"

#include <algorithm>

#include "disco/kernel/reference/reference.h"
#include "disco/op/op_name.h"

namespace disco::onednn {

ReferenceStep::ReferenceStep(const Graph& graph, std::vector<OpId> ops, std::vector<Port> inputs,
                             std::vector<Port> outputs)
    : graph_(graph),
      ops_(std::move(ops)),
      inputs_(std::move(inputs)),
      outputs_(std::move(outputs)) {
  for (const Port& port : inputs_) {
    const Value& value = graph_.value(port.value);
    values_[port.value] = Tensor(value.dtype, value.shape);
  }
  for (const OpId op : ops_) {
    for (const ValueId id : graph_.op(op).inputs) {
      if (graph_.IsConstant(id)) values_[id] = *graph_.value(id).constant;
    }
  }
}

Status ReferenceStep::Run(const RunContext& context) {
  for (const Port& port : inputs_) {
    const auto bytes = values_[port.value].MutableBytes();
    DISCO_TRY(port.copy.Run(context, bytes.data()));
  }
  for (const OpId op : ops_) DISCO_TRY(RunOne(graph_.op(op), context.exchange));
  for (const Port& port : outputs_) {
    DISCO_TRY(port.copy.Run(context, values_[port.value].bytes().data()));
  }
  for (const OpId op : ops_) {
    for (const ValueId id : graph_.op(op).outputs) {
      if (id != kNoValue) values_[id] = Tensor();
    }
  }
  return {};
}

Status ReferenceStep::RunOne(const Op& op, Exchange* exchange) {
  std::vector<Tensor> inputs;
  for (const ValueId id : op.inputs) {
    inputs.push_back(id == kNoValue ? Tensor() : values_[id]);
  }
  DISCO_ASSIGN(std::vector<Tensor> results, RunOp(graph_, op, inputs, exchange));
  for (size_t slot = 0; slot < op.outputs.size(); ++slot) {
    if (!op.HasOutput(slot)) continue;
    if (slot >= results.size())
      return OpError(op, ErrorKind::kUnsupported, "has no output {}", slot);
    values_[op.outputs[slot]] = std::move(results[slot]);
  }
  return {};
}

}  // namespace disco::onednn
