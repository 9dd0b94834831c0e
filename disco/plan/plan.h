// SPDX-License-Identifier: Apache-2.0
// Plan: everything about distribution, nothing about arithmetic. Who owns each feature of each
// value, and which foreign features each node still reads. Made by MakePlan, kept in plan.json,
// applied by Bind and cut.
//
// A value that the plan does not name is replicated: every node holds it whole. N = 1 is a plan
// with one owner and no foreign features; dense is a plan that keeps all of them. Neither is
// special. Thread rule: plain values.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "disco/graph/graph.h"
#include "disco/plan/coupling.h"

namespace disco {

using NodeId = int32_t;  // 0 .. nodes - 1

// Limits of a plan, of what is made and of what is read.
inline constexpr int kMaxNodes = 64;
inline constexpr int kMaxAxes = 16;
inline constexpr int64_t kMostFeatures = int64_t{1} << 24;  // of all values; far above any network
inline constexpr double kLeastShare = 1e-9;

// How mixing ops take foreign features of a value.
enum class MixingCall : uint8_t {
  kSplit,  // over the local part while the others travel, then over those, added up
  kFused,  // over both at once, when all are there
};

std::string_view Name(MixingCall call);  // "split", "fused"
Result<MixingCall> ParseMixingCall(std::string_view text);

struct ValuePlan {
  int axis = 1;               // of the features
  std::vector<NodeId> owner;  // per feature
  double sparsity = 0;        // nominal S of this value
  bool read_foreign =
      false;  // whether some op may read foreign features of it; else `kept` is empty
  MixingCall call = MixingCall::kFused;
  Wire wire;  // how its features travel; scales by feature
  // Whether a message with its features leaves together with the next one to the same node.
  bool with_next = false;
  // Per receiving node: the foreign features it reads, ascending. The one level of the mask.
  std::vector<std::vector<int64_t>> kept;

  // Features owned by `node`, ascending.
  std::vector<int64_t> Owned(NodeId node) const;
};

struct Plan {
  int nodes = 1;
  std::vector<double> shares;  // of the work, per node; sums to 1
  std::string method = "dense";
  // Nominal S: of disco and random what was asked for, of dense 0, of branches 1; of the methods
  // with a stage the mean over the features that other nodes may read. 0 on one node.
  double sparsity = 0;
  double image_sparsity = 0;  // S that the paper's accounting gives to layers that read the image
  std::map<std::string, ValuePlan> values;

  const ValuePlan* Find(const std::string& value) const {
    const auto found = values.find(value);
    return found == values.end() ? nullptr : &found->second;
  }
};

// One share for each node, none below kLeastShare, together 1. Errors: of `kind`, naming the share.
Status CheckShares(const std::vector<double>& shares, int nodes, ErrorKind kind);

// The parts of a plan by the values of a graph. Valid while the plan's values stay where they are.
class PlanParts {
 public:
  PlanParts(const Graph& graph, const Plan& plan);
  int nodes() const { return nodes_; }
  // Null: no part, or kNoValue.
  const ValuePlan* part(ValueId value) const {
    return value == kNoValue ? nullptr : parts_[static_cast<size_t>(value)];
  }

 private:
  int nodes_;
  std::vector<const ValuePlan*> parts_;  // by ValueId
};

// Identity of all that the plan says but the method's name: nodes on both ends of a link compare
// it.
uint64_t Hash(const Plan& plan);

// A plan for one node, without transfers.
Plan SingleNodePlan(const Graph& graph);
Plan SingleNodePlan(const Graph& graph, const Coupling& coupling);

}  // namespace disco
