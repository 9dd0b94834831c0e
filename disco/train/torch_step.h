// SPDX-License-Identifier: Apache-2.0
// What a TorchNetwork runs: steps over slots. A slot holds a tensor; those below the number of the
// graph's values hold the values, the others what is made on the way. Private to the room: shows
// LibTorch types. Thread rule: plain values. Errors: none.
#pragma once

#include <string>
#include <vector>

#include "disco/graph/graph.h"
#include "disco/train/torch_op.h"

namespace disco {

struct TorchStep {
  std::string name;  // of the op
  TorchOp run;
  std::vector<ValueId> inputs;  // slots; kNoValue where the op reads no tensor
  ValueId output = kNoValue;
  std::vector<ValueId> last_reads;  // slots that nobody reads afterwards
};

struct TorchProgram {
  std::vector<TorchStep> steps;
  std::vector<ValueId> outputs;
  ValueId slots = 0;
};

// Fills in the last reads of what is not constant in `graph`.
void FindLastReads(const Graph& graph, TorchProgram& program);

}  // namespace disco
