// SPDX-License-Identifier: Apache-2.0
// Mask: which foreign features each node still reads.
//
// A *sub-row* is the weights from one feature of a value to the outputs that one foreign node owns,
// over all mixing ops that read the value. Its score is its L1 norm (DISCO III-C). Per (value,
// from, to) the ceil((1 - S) * n) best of the n features of `from` are kept, so that a transfer
// never rounds to nothing. Thread rule: pure.
#pragma once

#include "disco/base/random.h"
#include "disco/plan/bound_plan.h"

namespace disco {

// scores[to][feature] of one value, whose part `value` is; 0 where `to` owns the feature or reads
// nothing. Of parts, owners are read alone.
std::vector<std::vector<double>> ScoreByL1(const Graph& graph, const CrossReaders& readers,
                                           const PlanParts& parts, const ValuePlan& value);

struct KeepRule {
  double sparsity = 0;       // S
  bool allow_empty = false;  // floor instead of ceil
};
// How many of `features` to keep at sparsity S.
int64_t KeptCount(int64_t features, const KeepRule& rule);

// For each receiving node the best features by `scores`, ascending. Among `candidates[to]` only,
// where given: what was pruned once never comes back. A node that owns no feature of the value
// keeps at least one, for it would have nothing to compute from.
std::vector<std::vector<int64_t>> ChooseKept(
    const ValuePlan& value, const std::vector<std::vector<double>>& scores,
    const std::vector<bool>& reads, const KeepRule& rule,
    const std::vector<std::vector<int64_t>>* candidates = nullptr);

// Which nodes own an output of some mixing reader, and so read the value at all.
std::vector<bool> ReadingNodes(const Graph& graph, const CrossReaders& readers,
                               const PlanParts& parts);

// 1 where a weight of mixing op `op` lives, 0 where the plan has pruned its sub-row; shape of the
// weights.
Tensor WeightMask(const BoundPlan& bound, const Op& op);

// 1 where a weight of mixing op `op` multiplies a feature that another node sends, else 0; shape of
// the weights.
Tensor ForeignMask(const BoundPlan& bound, const Op& op);

// Sets pruned weights to zero: the network that the plan's nodes compute together.
// Returns how many weights that were not zero became so.
int64_t ApplyMask(Graph& graph, const Plan& plan);

}  // namespace disco
