// SPDX-License-Identifier: Apache-2.0
// Which ops each node runs: those it has a part in whose result somebody needs. A final Softmax
// over all classes runs on node 0 alone, which returns it; a feature that every reader has pruned
// need not be computed.
//
// Traffic, work and cut all ask here, so that nothing is sent that nobody reads. Thread rule: pure.
#pragma once

#include <vector>

#include "disco/plan/plan.h"
#include "disco/plan/readers.h"

namespace disco {

// Node that returns an output that is not split.
inline constexpr NodeId kReturningNode = 0;

class NodeOps {
 public:
  NodeOps(const Graph& graph, const Plan& plan);

  bool Runs(OpId op, NodeId node) const {
    return runs_[static_cast<size_t>(op)][static_cast<size_t>(node)];
  }
  // Whether some op that `node` runs reads foreign features of `value`.
  bool ReadsForeign(ValueId value, NodeId node) const;
  const Coupling& coupling() const { return coupling_; }
  const CrossReaders& readers(ValueId value) const { return readers_[static_cast<size_t>(value)]; }

 private:
  // `op` on `node`, and a value that it reads.
  struct Reading {
    OpId op;
    ValueId value;
    NodeId node;
  };

  bool Needed(const Graph& graph, const Plan& plan, const Op& op, NodeId node) const;
  // Whether the node's part of the results is made of the value: a Concat of features joins only
  // those inputs of which the node owns some.
  bool Takes(const Graph& graph, const Plan& plan, const Reading& reading) const;
  bool NeededElsewhere(const Plan& plan, const ValuePlan& part, ValueId value, NodeId node) const;

  GraphIndex index_;
  Coupling coupling_;
  std::vector<CrossReaders> readers_;
  std::vector<std::vector<bool>> runs_;  // [op][node]
};

}  // namespace disco
