// SPDX-License-Identifier: Apache-2.0
#include "disco/cost/estimate.h"
#include "disco/op/work.h"

namespace disco {

Macs NodeMacs(const Graph& graph, const Plan& plan, const NodeOps& ops, OpId id, NodeId node) {
  if (!ops.Runs(id, node)) return {};
  const Op& op = graph.op(id);
  const Macs all = MacsOf(graph, op);
  const ValuePlan* output = plan.Find(graph.value(op.outputs[0]).name);
  if (all.value == 0 || output == nullptr) return all;
  const auto owned = static_cast<int64_t>(output->Owned(node).size());
  const Macs share{all.value / static_cast<int64_t>(output->owner.size()) * owned};
  const ValuePlan* input = plan.Find(graph.value(op.inputs[0]).name);
  if (input == nullptr || !IsMixing(graph, op)) return share;
  auto read = static_cast<int64_t>(input->Owned(node).size());
  if (input->read_foreign)
    read += static_cast<int64_t>(input->kept[static_cast<size_t>(node)].size());
  return Macs{share.value / static_cast<int64_t>(input->owner.size()) * read};
}

}  // namespace disco
