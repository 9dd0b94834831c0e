// SPDX-License-Identifier: Apache-2.0
// Coupling analysis: which features of which values have to live on one node.
//
// A residual Add ties feature c of both operands; a depthwise Conv ties input c to output c;
// concat, reshape and transpose carry features along. What is tied is an *atom*; nodes own atoms. A
// mixing op (see work.h) starts fresh atoms: there, and only there, features may cross between
// nodes one by one. An op without a rule is *replicated*: its inputs are gathered on every node,
// every node runs it whole, and so is its output.
//
// Inputs of the network are replicated: every node gets the whole image.
// Thread rule: pure; shapes have to be inferred. Errors: none; what cannot be split is replicated.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "disco/op/feature_rule.h"

namespace disco {

using AtomId = int32_t;

// The features of one value: extent of `axis`, and the atom each of them belongs to.
struct ValueFeatures {
  int axis = 1;
  std::vector<AtomId> atoms;
};

struct ReplicatedOp {
  OpId op;
  std::string reason;  // "normalises over all features"
};

struct Coupling {
  // By ValueId; empty: replicated (or constant).
  std::vector<std::optional<ValueFeatures>> values;
  // Ops that need the whole of a partitioned value.
  std::vector<ReplicatedOp> replicated;
  std::vector<FeatureRule> rules;  // by OpId

  const FeatureRule& rule(OpId op) const { return rules[static_cast<size_t>(op)]; }
  bool IsPartitioned(ValueId value) const { return values[static_cast<size_t>(value)].has_value(); }
  const ValueFeatures& features(ValueId value) const { return *values[static_cast<size_t>(value)]; }
};

Coupling AnalyseCoupling(const Graph& graph);

}  // namespace disco
