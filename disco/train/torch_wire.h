// SPDX-License-Identifier: Apache-2.0
// Features on their way between nodes, as ops on LibTorch tensors. The quantiser is that of
// tensor/wire.h, called on the tensors' memory, so that training sees the bits that nodes do.
// Private to the room: shows LibTorch types.
//
// Gradients go straight through the wire, and are zero where an element was clipped (Bengio,
// Leonard and Courville 2013; Jacob et al. 2018). Thread rule: pure. Errors: none.
#pragma once

#include <vector>

#include "disco/plan/plan.h"
#include "disco/train/torch_op.h"

namespace disco {

// Reads a value whose plan is `part`; gives its features `features`, at least one, in this order,
// as they arrive.
TorchOp MakeArrive(const ValuePlan& part, const std::vector<int64_t>& features);

// Reads a value and what MakeArrive gives; gives the value with its features `foreign`, each of
// them among `features`, as they arrived.
TorchOp MakeReplace(int axis, const std::vector<int64_t>& features,
                    const std::vector<int64_t>& foreign);

struct ForeignPart {
  at::Tensor mask;                // ForeignMask of the op
  int weight_axis = 1;            // of its weights that counts input features
  std::vector<int64_t> features;  // that arrive
};
// `op` is a mixing op. Reads what it reads and, behind that, what MakeArrive gives; foreign weights
// take features from there, and the others from the value.
TorchOp MakeOverForeign(const TorchOp& op, const ForeignPart& part);

// Reads a tensor for each of `nodes`; gives each feature as it is in the tensor of its owner.
TorchOp MakeJoin(const ValuePlan& part, const std::vector<NodeId>& nodes);

}  // namespace disco
