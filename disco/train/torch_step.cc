// SPDX-License-Identifier: Apache-2.0
#include "disco/train/torch_step.h"

#include <unordered_set>

namespace disco {

void FindLastReads(const Graph& graph, TorchProgram& program) {
  const auto values = static_cast<ValueId>(graph.values.size());
  std::unordered_set<ValueId> read(program.outputs.begin(), program.outputs.end());
  for (auto step = program.steps.rbegin(); step != program.steps.rend(); ++step) {
    for (const ValueId input : step->inputs) {
      const bool made = input != kNoValue && (input >= values || !graph.IsConstant(input));
      if (made && read.insert(input).second) step->last_reads.push_back(input);
    }
  }
}

}  // namespace disco
