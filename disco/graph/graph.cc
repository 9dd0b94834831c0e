// SPDX-License-Identifier: Apache-2.0
#include "disco/graph/graph.h"

#include <algorithm>

#include "disco/graph/signature.h"

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

Result<std::vector<int64_t>> ConstantIndices(const Graph& graph, const Op& op, size_t slot) {
  const Tensor* tensor = graph.ConstantInput(op, slot);
  if (tensor == nullptr) {
    return OpError(op, ErrorKind::kUnsupported, "input {} has to be a constant", slot);
  }
  // One or two numbers for each axis, but for Gather's positions.
  if (op.type != OpType::kGather && tensor->elements() > 2 * kMaxRank) {
    return OpError(op, ErrorKind::kInvalid, "input {} has {} numbers, more than {}", slot,
                   tensor->elements(), 2 * kMaxRank);
  }
  if (tensor->dtype() == DType::kI32) {
    const auto data = tensor->Data<int32_t>();
    return std::vector<int64_t>(data.begin(), data.end());
  }
  if (tensor->dtype() != DType::kI64) {
    return OpError(op, ErrorKind::kInvalid, "input {} has to hold whole numbers, not {}", slot,
                   Name(tensor->dtype()));
  }
  const auto data = tensor->Data<int64_t>();
  return std::vector<int64_t>(data.begin(), data.end());
}

namespace {

Status CheckListed(const Graph& graph, const std::vector<ValueId>& ids, std::string_view what) {
  for (const ValueId id : ids) {
    if (id < 0 || static_cast<size_t>(id) >= graph.values.size())
      return Fail(ErrorKind::kInvalid, "{} {} is no value of the network", what, id);
  }
  return {};
}

// `made` says of each value whether it is there before `op` runs, and afterwards whether it is
// then.
Status CheckOp(const Graph& graph, const Op& op, std::vector<bool>& made) {
  const auto count = static_cast<ValueId>(graph.values.size());
  DISCO_TRY(CheckSignature(op));
  for (const ValueId input : op.inputs) {
    if (input == kNoValue) continue;
    if (input < 0 || input >= count || !made[static_cast<size_t>(input)]) {
      return OpError(op, ErrorKind::kInvalid, "input '{}' is read before it is made",
                     input >= 0 && input < count ? graph.value(input).name : "?");
    }
  }
  for (const ValueId output : op.outputs) {
    if (output == kNoValue) continue;
    if (output < 0 || output >= count || made[static_cast<size_t>(output)]) {
      return OpError(op, ErrorKind::kInvalid, "output '{}' is made twice",
                     output >= 0 && output < count ? graph.value(output).name : "?");
    }
    made[static_cast<size_t>(output)] = true;
  }
  return {};
}

}  // namespace

bool HoldsShard(const Graph& graph) {
  const auto travels = [](const Op& op) {
    return op.type == OpType::kSend || op.type == OpType::kReceive;
  };
  return graph.metadata.contains(kShardNodeKey) ||
         std::any_of(graph.ops.begin(), graph.ops.end(), travels);
}

Status Validate(const Graph& graph) {
  // A node may have features that only others need.
  if (graph.outputs.empty() && !HoldsShard(graph)) {
    return Fail(ErrorKind::kInvalid, "network '{}' has no output; name one when it is exported",
                graph.name);
  }
  if (graph.ops.size() > kMostOps) {
    return Fail(ErrorKind::kUnsupported, "network '{}' has {} ops, more than {}", graph.name,
                graph.ops.size(), kMostOps);
  }
  std::vector<std::string_view> names;
  for (const Value& value : graph.values) names.push_back(value.name);
  std::ranges::sort(names);
  if (const auto twice = std::ranges::adjacent_find(names); twice != names.end())
    return Fail(ErrorKind::kInvalid, "two values are called '{}'", *twice);
  DISCO_TRY(CheckListed(graph, graph.inputs, "input"));
  DISCO_TRY(CheckListed(graph, graph.outputs, "output"));
  std::vector<bool> made(graph.values.size(), false);
  for (const ValueId input : graph.inputs) {
    if (made[static_cast<size_t>(input)])
      return Fail(ErrorKind::kInvalid, "input '{}' is listed twice", graph.value(input).name);
    made[static_cast<size_t>(input)] = true;
  }
  for (ValueId id = 0; id < static_cast<ValueId>(graph.values.size()); ++id) {
    if (graph.IsConstant(id)) made[static_cast<size_t>(id)] = true;
  }
  for (const Op& op : graph.ops) DISCO_TRY(CheckOp(graph, op, made));
  for (const ValueId output : graph.outputs) {
    if (!made[static_cast<size_t>(output)]) {
      return Fail(ErrorKind::kInvalid, "nothing makes output '{}'", graph.value(output).name);
    }
  }
  return {};
}

bool IsParameterSlot(OpType type, size_t slot) {
  switch (type) {
    case OpType::kConstantOfShape:
      return slot == 0;
    case OpType::kClip:
    case OpType::kDropout:
    case OpType::kGather:
    case OpType::kPad:
    case OpType::kReduceMean:
    case OpType::kReshape:
    case OpType::kSqueeze:
    case OpType::kUnsqueeze:
      return slot >= 1;
    default:
      return false;
  }
}

void RemoveUnused(Graph& graph) {
  std::vector<bool> needed(graph.values.size(), false);
  for (const ValueId output : graph.outputs) needed[static_cast<size_t>(output)] = true;
  std::vector<Op> kept;
  for (auto op = graph.ops.rbegin(); op != graph.ops.rend(); ++op) {
    bool keep = op->type == OpType::kSend;
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
