// SPDX-License-Identifier: Apache-2.0
#include "disco/plan/node_ops.h"

#include <algorithm>

namespace disco {
namespace {

// Whether a feature that `node` owns of `part` is made of the input.
bool ComesFrom(const FeatureOrigin& origin, const ValuePlan& part, NodeId node) {
  for (size_t feature = 0; feature < part.owner.size(); ++feature) {
    if (part.owner[feature] == node && origin.from[feature] >= 0) return true;
  }
  return false;
}

}  // namespace

NodeOps::NodeOps(const Graph& graph, const Plan& plan)
    : index_(graph),
      coupling_(AnalyseCoupling(graph)),
      readers_(FindCrossReaders(graph, coupling_)),
      runs_(graph.ops.size(), std::vector<bool>(static_cast<size_t>(plan.nodes), false)) {
  for (size_t op = graph.ops.size(); op-- > 0;) {  // readers before what they read
    for (NodeId node = 0; node < plan.nodes; ++node) {
      runs_[op][static_cast<size_t>(node)] = Needed(graph, plan, graph.ops[op], node);
    }
  }
}

bool NodeOps::Needed(const Graph& graph, const Plan& plan, const Op& op, NodeId node) const {
  for (const ValueId output : op.outputs) {
    if (output == kNoValue) continue;
    const ValuePlan* part = plan.Find(graph.value(output).name);
    if (part != nullptr &&
        std::find(part->owner.begin(), part->owner.end(), node) == part->owner.end())
      continue;
    if (index_.IsOutput(output) && (part != nullptr || node == kReturningNode)) return true;
    for (const OpId reader : index_.readers(output)) {
      if (Runs(reader, node) && Takes(graph, plan, {reader, output, node})) return true;
    }
    if (part != nullptr && NeededElsewhere(plan, *part, output, node)) return true;
  }
  return false;
}

bool NodeOps::Takes(const Graph& graph, const Plan& plan, const Reading& reading) const {
  const Op& op = graph.op(reading.op);
  const std::vector<OutputFeatures>& outputs = coupling_.rule(reading.op).outputs;
  for (size_t slot = 0; slot < outputs.size(); ++slot) {
    const ValuePlan* part =
        op.HasOutput(slot) ? plan.Find(graph.value(op.outputs[slot]).name) : nullptr;
    if (part == nullptr) continue;
    for (size_t input = 0; input < op.inputs.size(); ++input) {
      if (op.inputs[input] != reading.value) continue;
      const FeatureOrigin* origin = outputs[slot].OriginOf(input);
      if (origin == nullptr || ComesFrom(*origin, *part, reading.node)) return true;
    }
  }
  return outputs.empty();
}

bool NodeOps::NeededElsewhere(const Plan& plan, const ValuePlan& part, ValueId value,
                              NodeId node) const {
  if (!part.read_foreign) return false;
  for (NodeId to = 0; to < plan.nodes; ++to) {
    if (to == node || !ReadsForeign(value, to)) continue;
    for (const int64_t feature : part.kept[static_cast<size_t>(to)]) {
      if (part.owner[static_cast<size_t>(feature)] == node) return true;
    }
  }
  return false;
}

bool NodeOps::ReadsForeign(ValueId value, NodeId node) const {
  auto runs = [&](OpId op) { return Runs(op, node); };
  const CrossReaders& cross = readers(value);
  return std::any_of(cross.mixing.begin(), cross.mixing.end(), runs) ||
         std::any_of(cross.replicated.begin(), cross.replicated.end(), runs);
}

}  // namespace disco
