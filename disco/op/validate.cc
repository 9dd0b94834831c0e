// SPDX-License-Identifier: Apache-2.0
#include "disco/op/validate.h"

#include <algorithm>

#include "disco/op/op_def.h"
#include "disco/op/op_name.h"

namespace disco {

Status CheckSignature(const Op& op) {
  const Arity arity = DefOf(op).ArityOf(op);
  for (size_t slot = 0; slot < std::max(op.inputs.size(), arity.least_inputs); ++slot) {
    if (slot < arity.least_inputs && !op.HasInput(slot))
      return OpError(op, ErrorKind::kInvalid, "input {} is missing", slot);
    if (slot >= arity.most_inputs && op.HasInput(slot))
      return OpError(op, ErrorKind::kInvalid, "it has an input {} too many", slot);
  }
  if (arity.most_outputs > 0 && !op.HasOutput(0))
    return OpError(op, ErrorKind::kInvalid, "its first output is missing");
  for (size_t slot = arity.most_outputs; slot < op.outputs.size(); ++slot) {
    if (op.HasOutput(slot))
      return OpError(op, ErrorKind::kInvalid, "it has an output {} too many", slot);
  }
  return {};
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
  const auto travels = [](const Op& op) { return DefOf(op).Is(kExchange); };
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

}  // namespace disco
