// SPDX-License-Identifier: Apache-2.0
// Ops that no primitive computes, run by the reference kernels on row-major copies. Allocates at
// Run. Private to the room.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "disco/kernel/onednn/layout_copy.h"
#include "disco/kernel/onednn/step.h"

namespace disco::onednn {

class ReferenceStep : public Step {
 public:
  struct Port {
    ValueId value;
    LayoutCopy copy;  // buffer to tensor, or tensor to buffer
  };
  // `ops` run one after the other; `inputs` are brought in before, `outputs` out after.
  ReferenceStep(const Graph& graph, std::vector<OpId> ops, std::vector<Port> inputs,
                std::vector<Port> outputs);
  Status Run(const RunContext& context) override;

 private:
  Status RunOne(const Op& op, Exchange* exchange);

  const Graph& graph_;
  std::vector<OpId> ops_;
  std::vector<Port> inputs_, outputs_;
  std::unordered_map<ValueId, Tensor> values_;  // that the ops read and make
};

}  // namespace disco::onednn
