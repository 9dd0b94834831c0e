// SPDX-License-Identifier: Apache-2.0
#include "disco/graph/graph.h"

#include <algorithm>

namespace disco {

ValueId Graph::AddValue(std::string value_name, DType dtype, Shape shape) {
  values.push_back({std::move(value_name), dtype, std::move(shape), std::nullopt});
  return static_cast<ValueId>(values.size() - 1);
}

ValueId Graph::AddConstant(std::string value_name, Tensor tensor) {
  const DType dtype = tensor.dtype();
  Shape shape = tensor.shape();
  values.push_back({std::move(value_name), dtype, std::move(shape), std::move(tensor)});
  return static_cast<ValueId>(values.size() - 1);
}

ValueId Graph::AddOp(OpType type, std::string op_name, std::vector<ValueId> op_inputs,
                     OpParams params) {
  std::vector<ValueId> made;
  if (type != OpType::kSend) made.push_back(AddValue(op_name));
  const ValueId output = made.empty() ? kNoValue : made[0];
  ops.push_back({std::move(op_name), type, std::move(params), std::move(op_inputs), made});
  return output;
}

const Tensor* Graph::ConstantInput(const Op& op, size_t slot) const {
  if (!op.HasInput(slot) || !value(op.inputs[slot]).constant) return nullptr;
  return &*value(op.inputs[slot]).constant;
}

GraphIndex::GraphIndex(const Graph& graph)
    : producers_(graph.values.size(), kNoOp),
      readers_(graph.values.size()),
      is_output_(graph.values.size()) {
  for (const ValueId output : graph.outputs) is_output_[static_cast<size_t>(output)] = true;
  for (size_t op = 0; op < graph.ops.size(); ++op) {
    for (const ValueId input : graph.ops[op].inputs) {
      if (input != kNoValue) readers_[static_cast<size_t>(input)].push_back(static_cast<OpId>(op));
    }
    for (const ValueId output : graph.ops[op].outputs) {
      if (output != kNoValue) producers_[static_cast<size_t>(output)] = static_cast<OpId>(op);
    }
  }
}

Status CheckNumbers(const Graph& graph) {
  for (const Value& value : graph.values) {
    if (value.constant && HoldsNan(*value.constant))
      return Fail(ErrorKind::kInvalid,
                  "'{}' holds what is not a number (NaN); was the network trained to the end?",
                  value.name);
  }
  return {};
}

void RemoveUnused(Graph& graph) {
  std::vector<bool> needed(graph.values.size(), false);
  for (const ValueId output : graph.outputs) needed[static_cast<size_t>(output)] = true;
  std::vector<Op> kept;
  for (auto op = graph.ops.rbegin(); op != graph.ops.rend(); ++op) {
    bool keep = op->outputs.empty();
    for (const ValueId output : op->outputs) {
      keep = keep || (output != kNoValue && needed[static_cast<size_t>(output)]);
    }
    if (!keep) continue;
    for (size_t slot = 1; slot < op->outputs.size(); ++slot) {
      if (op->HasOutput(slot) && !needed[static_cast<size_t>(op->outputs[slot])])
        op->outputs[slot] = kNoValue;
    }
    while (!op->outputs.empty() && op->outputs.back() == kNoValue) op->outputs.pop_back();
    for (const ValueId input : op->inputs) {
      if (input != kNoValue) needed[static_cast<size_t>(input)] = true;
    }
    kept.push_back(std::move(*op));
  }
  graph.ops.assign(std::make_move_iterator(kept.rbegin()), std::make_move_iterator(kept.rend()));
  for (const ValueId input : graph.inputs) needed[static_cast<size_t>(input)] = true;
  for (const Op& op : graph.ops) {
    for (const ValueId output : op.outputs) {
      if (output != kNoValue) needed[static_cast<size_t>(output)] = true;
    }
  }
  std::vector<ValueId> moved(graph.values.size(), kNoValue);
  std::vector<Value> values;
  for (size_t id = 0; id < graph.values.size(); ++id) {
    if (!needed[id]) continue;
    moved[id] = static_cast<ValueId>(values.size());
    values.push_back(std::move(graph.values[id]));
  }
  graph.values = std::move(values);
  auto renumber = [&moved](std::vector<ValueId>& ids) {
    for (ValueId& id : ids) id = id == kNoValue ? kNoValue : moved[static_cast<size_t>(id)];
  };
  for (Op& op : graph.ops) {
    renumber(op.inputs);
    renumber(op.outputs);
  }
  renumber(graph.inputs);
  renumber(graph.outputs);
}

}  // namespace disco
