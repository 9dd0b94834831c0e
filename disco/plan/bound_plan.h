// SPDX-License-Identifier: Apache-2.0
// BoundPlan: a network and a plan that fits it, with all that follows from the two: which features
// live together, who reads what across nodes, which ops each node runs, in which order, and what is
// sent. Each is computed once, here; cut, cost, train and sessions read it.
//
// A value that copies cheaply: copies share graph and plan. Ids are those of graph(). Thread rule:
// immutable; many threads may read one.
#pragma once

#include <memory>
#include <vector>

#include "disco/plan/plan.h"
#include "disco/plan/readers.h"
#include "disco/plan/traffic.h"

namespace disco {

// Node that returns an output that is not split.
inline constexpr NodeId kReturningNode = 0;

class BoundPlan {
 public:
  const Graph& graph() const { return network_->graph; }
  const Plan& plan() const { return *plan_; }
  int nodes() const { return plan_->nodes; }

  // What the plan says of a value; null: it is whole on every node, constant or kNoValue.
  const ValuePlan* part(ValueId value) const { return parts_.part(value); }
  const PlanParts& parts() const { return parts_; }

  // Of the network, whatever the plan.
  const GraphIndex& index() const { return network_->index; }
  const Coupling& coupling() const { return network_->coupling; }
  const std::vector<CrossReaders>& readers() const { return network_->readers; }  // by ValueId
  const CrossReaders& readers(ValueId value) const {
    return network_->readers[static_cast<size_t>(value)];
  }

  // Whether `node` has a part in the op whose result somebody needs. A final Softmax over all
  // classes runs on node 0 alone, which returns it; a feature that every reader has pruned need not
  // be computed.
  bool Runs(OpId op, NodeId node) const {
    return runs_[static_cast<size_t>(op)][static_cast<size_t>(node)];
  }
  // Whether some op that `node` runs reads foreign features of `value`.
  bool ReadsForeign(ValueId value, NodeId node) const;

  // In which all nodes run the ops (exchange_order.h).
  const std::vector<OpId>& order() const { return order_; }
  // In the order in which their values are made.
  const std::vector<Transfer>& traffic() const { return traffic_; }

  // The same network by another plan. Errors: kInvalid when `plan` does not fit.
  Result<BoundPlan> With(Plan plan) const;
  // The network as nodes run it, by the same plan: BatchNormalization folded, which may leave the
  // plan with parts that no value has.
  Result<BoundPlan> ForNodes() const;

 private:
  friend Result<BoundPlan> Bind(Graph graph, Plan plan);
  friend Result<BoundPlan> BindToOneNode(Graph graph);

  struct Network {
    explicit Network(Graph network);
    Graph graph;
    GraphIndex index;
    Coupling coupling;
    std::vector<CrossReaders> readers;  // by ValueId
  };
  // `op` on `node`, and a value that it reads.
  struct Reading {
    OpId op;
    ValueId value;
    NodeId node;
  };

  BoundPlan(std::shared_ptr<const Network> network, std::shared_ptr<const Plan> plan);
  static Result<BoundPlan> Checked(std::shared_ptr<const Network> network,
                                   std::shared_ptr<const Plan> plan);
  void FindRuns();
  bool Needed(const Op& op, NodeId node) const;
  // Whether the node's part of the results is made of the value: a Concat of features joins only
  // those inputs of which the node owns some.
  bool Takes(const Reading& reading) const;
  bool NeededElsewhere(ValueId value, NodeId node) const;

  std::shared_ptr<const Network> network_;
  std::shared_ptr<const Plan> plan_;
  PlanParts parts_;
  std::vector<std::vector<bool>> runs_;  // [op][node]
  std::vector<OpId> order_;
  std::vector<Transfer> traffic_;
};

// The graph as it is given, its shapes inferred. Errors: kInvalid when `plan` does not describe
// `graph` (other values are split, or over other features; other nodes read others; what is tied
// has several owners), naming the op concerned and saying to make a new plan.
Result<BoundPlan> Bind(Graph graph, Plan plan);

// To the plan for one node (SingleNodePlan).
Result<BoundPlan> BindToOneNode(Graph graph);

}  // namespace disco
