// SPDX-License-Identifier: Apache-2.0
// A network as the nodes of a plan compute it together: each op sees the features of its own node
// as they are, and those of others as they arrive. Private to the room: shows LibTorch types.
//
// A mixing op runs over all features with its weights for own ones, and once more over those that
// travel, a small part of them in a sparse plan. An op that needs whole values runs once for each
// node that runs it; so do those after it, until the next mixing op joins what the nodes have made
// of different inputs (a BatchNormalization among them records the statistics of each in turn).
// What travels as float32 changes nothing. Thread rule: pure. Errors: none.
#pragma once

#include "disco/plan/bound_plan.h"
#include "disco/train/torch_step.h"

namespace disco {

// `program` has one step per op of the graph of `bound`, in order. Outputs that the graph has, too,
// are what the nodes return; others are as the returning node sees them.
TorchProgram OverTheWire(const BoundPlan& bound, const TorchProgram& program);

}  // namespace disco
