// SPDX-License-Identifier: Apache-2.0
// The cut for one node: walks the network's ops in order and appends what this node does of each.
// Private to the room.
//
// Of a value v of the network a node may hold: its *local* part (the features it owns, ascending),
// what *arrived* (the features it received, by sender, ascending, with the local part before them
// where they are read together), and the *whole* value.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "disco/graph/names.h"
#include "disco/plan/bound_plan.h"
#include "disco/shard/cut.h"

namespace disco {

class ShardBuilder {
 public:
  ShardBuilder(const BoundPlan& bound, NodeId node);
  Status AppendOp(OpId id);
  // Outputs of the network that this node returns; call after the last op.
  Status AppendOutputs(std::vector<OutputSource>& sources);
  Graph TakeShard() { return std::move(shard_); }
  // Which inputs of the network the shard reads, in the order of its own.
  const std::vector<size_t>& network_inputs() const { return network_inputs_; }

 private:
  // The output of a Receive, and which features of the value it holds, in their order.
  struct Arrival {
    ValueId value = kNoValue;
    std::vector<int64_t> features;
    std::vector<int64_t> stride;
  };

  // The outputs of the op appended last, as those of `op`.
  void AddOutputs(const Op& op, std::map<ValueId, ValueId>& made);
  Status AppendWhole(const Op& op);
  Status AppendMixing(const Op& op, const OutputFeatures& features);
  Status AppendTied(const Op& op, const FeatureRule& rule);
  void AppendSelected(const Op& op, const FeatureRule& rule);
  void AppendSends(ValueId value);

  // Appends `op` under another name, over other inputs, with other params; returns its output.
  ValueId Emit(const Op& op, const std::string& name, std::vector<ValueId> inputs, OpParams params);
  ValueId EmitGather(std::string name, ValueId input, int axis,
                     const std::vector<int64_t>& indices);
  // A mixing op over `features` of its input.
  struct MixingPart {
    const Op& op;
    const OutputFeatures& output;
    bool with_bias = true;
  };
  ValueId EmitMixing(const MixingPart& part, const std::string& name, ValueId input,
                     const std::vector<int64_t>& features, const std::vector<int64_t>& stride);
  // Whether the local part of `value` is read together with what is received of it.
  bool Joins(ValueId value) const;
  void EmitReceive(ValueId value);

  const std::string& NameOf(ValueId value) const { return graph_.value(value).name; }
  const Arrival& Arrive(ValueId value);
  // The value with all its features. Errors: kInvalid when the plan prunes it.
  Result<ValueId> Whole(const Op& reader, ValueId value);
  ValueId Constant(ValueId value);
  ValueId AddConstant(std::string name, Tensor tensor) {
    return shard_.AddConstant(names_.Fresh(std::move(name)), std::move(tensor));
  }

  // Input `slot` of a tied op, narrowed to what output features `wanted` are made of; kNoValue:
  // nothing of it.
  Result<ValueId> TiedInput(const Op& op, size_t slot, const OutputFeatures& output,
                            const std::vector<int64_t>& wanted);
  // The same of an input that the node has all of.
  Result<ValueId> NarrowedInput(const Op& op, size_t slot, const FeatureOrigin& origin,
                                const std::vector<int64_t>& wanted);
  // Constant input `slot`, with the features that `origin` says, if there is one.
  ValueId NarrowedConstant(const Op& op, size_t slot, const FeatureOrigin* origin,
                           const std::vector<int64_t>& wanted);

  const BoundPlan& bound_;
  const Graph& graph_;
  NodeId node_;
  Graph shard_;
  Names names_;  // those of the network are taken
  std::vector<size_t> network_inputs_;
  std::map<ValueId, ValueId> local_, whole_, constants_;  // of the network -> of the shard
  std::map<ValueId, Arrival> arrived_;
  std::map<ValueId, std::vector<const Transfer*>> incoming_, outgoing_;
  std::vector<ValueId> receive_order_;
  size_t received_ = 0;  // of receive_order_
};

}  // namespace disco
