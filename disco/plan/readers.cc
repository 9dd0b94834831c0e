// SPDX-License-Identifier: Apache-2.0
#include "disco/plan/readers.h"

#include <algorithm>

#include "disco/op/work.h"

namespace disco {

std::vector<CrossReaders> FindCrossReaders(const Graph& graph, const Coupling& coupling) {
  std::vector<CrossReaders> readers(graph.values.size());
  auto add = [](std::vector<OpId>& list, OpId op) {
    if (list.empty() || list.back() != op) list.push_back(op);
  };
  for (size_t id = 0; id < graph.ops.size(); ++id) {
    const Op& op = graph.ops[id];
    const bool whole = !coupling.IsPartitioned(op.outputs.empty() ? 0 : op.outputs[0]);
    for (size_t slot = 0; slot < op.inputs.size(); ++slot) {
      if (op.inputs[slot] == kNoValue || !coupling.IsPartitioned(op.inputs[slot])) continue;
      CrossReaders& of_value = readers[static_cast<size_t>(op.inputs[slot])];
      if (whole) {
        add(of_value.replicated, static_cast<OpId>(id));
      } else if (slot == 0 && IsMixing(graph, op)) {
        add(of_value.mixing, static_cast<OpId>(id));
      }
    }
  }
  return readers;
}

}  // namespace disco
