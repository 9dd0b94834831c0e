// SPDX-License-Identifier: Apache-2.0
#include "disco/cost/estimate.h"
#include "disco/op/work.h"

namespace disco {

Macs NodeMacs(const BoundPlan& bound, OpId id, NodeId node) {
  if (!bound.Runs(id, node)) return {};
  const Op& op = bound.graph().op(id);
  const Macs all = MacsOf(bound.graph(), op);
  const ValuePlan* output = bound.part(op.outputs[0]);
  if (all.value == 0 || output == nullptr) return all;
  const auto owned = static_cast<int64_t>(output->Owned(node).size());
  const Macs share{all.value / static_cast<int64_t>(output->owner.size()) * owned};
  const ValuePlan* input = bound.part(op.inputs[0]);
  if (input == nullptr || !IsMixing(bound.graph(), op)) return share;
  auto read = static_cast<int64_t>(input->Owned(node).size());
  if (input->read_foreign)
    read += static_cast<int64_t>(input->kept[static_cast<size_t>(node)].size());
  return Macs{share.value / static_cast<int64_t>(input->owner.size()) * read};
}

}  // namespace disco
