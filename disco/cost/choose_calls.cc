// SPDX-License-Identifier: Apache-2.0
#include "disco/cost/choose_calls.h"

#include <algorithm>
#include <map>

#include "disco/cost/op_time.h"
#include "disco/cost/simulate.h"

namespace disco {
namespace {

class Chooser {
 public:
  Chooser(const BoundPlan& bound, const Cluster& cluster)
      : bound_(bound), graph_(bound.graph()), cluster_(cluster) {
    for (const Transfer& transfer : bound.traffic())
      incoming_[{transfer.value, transfer.to}].push_back(&transfer);
  }

  MixingCall Choose(ValueId value) const {
    // As the cut does in any case (ShardBuilder::Joins).
    if (!bound_.readers(value).replicated.empty()) return MixingCall::kFused;
    Milliseconds fused{0}, split{0};
    for (NodeId node = 0; node < bound_.nodes(); ++node) {
      const auto incoming = incoming_.find({value, node});
      if (incoming == incoming_.end()) continue;
      if (!incoming->second.front()->stride.empty()) return MixingCall::kSplit;
      fused = std::max(fused, FusedTime(value, node));
      split = std::max(split, SplitTime(value, node));
    }
    return split < fused ? MixingCall::kSplit : MixingCall::kFused;
  }

 private:
  const NodeSpeed& SpeedOf(NodeId node) const { return cluster_.node(node).speed; }
  double LocalShare(ValueId value, NodeId node) const {
    const ValuePlan& part = *bound_.part(value);
    return static_cast<double>(part.Owned(node).size()) / static_cast<double>(part.owner.size());
  }
  double ForeignShare(ValueId value, NodeId node) const {
    const ValuePlan& part = *bound_.part(value);
    return static_cast<double>(part.kept[static_cast<size_t>(node)].size()) /
           static_cast<double>(part.owner.size());
  }
  double BytesOf(ValueId value) const {
    return static_cast<double>(graph_.value(value).shape.elements()) * sizeof(float);
  }

  // Until the last message with features of `value` is unpacked on `node`.
  Milliseconds WireTime(ValueId value, NodeId node) const {
    Milliseconds longest{0};
    for (const Transfer* transfer : incoming_.at({value, node})) {
      const Link& link = cluster_.LinkBetween(transfer->from, node);
      const double bytes = static_cast<double>((transfer->size + kFrameBytes).value);
      longest = std::max(longest, SpeedOf(transfer->from).send.Time(transfer->float_size()) +
                                      link.latency + link.bandwidth.Time(bytes) +
                                      SpeedOf(node).receive.Time(transfer->float_size()));
    }
    return longest;
  }

  // Of reader `id` on `node`, over a share of its input features; `passes` over the output.
  Milliseconds CallTime(OpId id, NodeId node, double input_share, int passes) const {
    const Op& op = graph_.op(id);
    const OpWork whole = WorkOf(graph_, op);
    const double outputs = LocalShare(op.outputs[0], node);
    const auto scaled = [](int64_t count, double share) {
      return static_cast<int64_t>(static_cast<double>(count) * share);
    };
    const double activations =
        BytesOf(op.inputs[0]) * input_share + BytesOf(op.outputs[0]) * outputs * passes;
    return OpTime({.kind = whole.kind,
                   .macs = {scaled(whole.macs.value, input_share * outputs)},
                   .weights = {scaled(whole.weights.value, input_share * outputs)},
                   .activations = {static_cast<int64_t>(activations)}},
                  SpeedOf(node));
  }

  std::vector<OpId> ReadersOn(ValueId value, NodeId node) const {
    std::vector<OpId> readers = bound_.readers(value).mixing;
    std::erase_if(readers, [&](OpId op) { return !bound_.Runs(op, node); });
    return readers;
  }

  Milliseconds FusedTime(ValueId value, NodeId node) const {
    const double local = LocalShare(value, node), foreign = ForeignShare(value, node);
    const auto copied = static_cast<int64_t>(2 * BytesOf(value) * local);
    Milliseconds time =
        std::max(OpTime({.kind = OpKind::kMove, .activations = {copied}}, SpeedOf(node)),
                 WireTime(value, node));
    for (const OpId reader : ReadersOn(value, node))
      time += CallTime(reader, node, local + foreign, 1);
    return time;
  }

  Milliseconds SplitTime(ValueId value, NodeId node) const {
    const double local = LocalShare(value, node), foreign = ForeignShare(value, node);
    Milliseconds before{0}, after{0};
    for (const OpId reader : ReadersOn(value, node)) {
      const Milliseconds call = CallTime(reader, node, local, 1);
      (before == Milliseconds(0) ? before : after) += call;
      after += CallTime(reader, node, foreign, 2);
    }
    return std::max(before, WireTime(value, node)) + after;
  }

  const BoundPlan& bound_;
  const Graph& graph_;
  const Cluster& cluster_;
  std::map<std::pair<ValueId, NodeId>, std::vector<const Transfer*>> incoming_;
};

}  // namespace

Plan ChooseCalls(const BoundPlan& bound, const Cluster& cluster) {
  const Chooser chooser(bound, cluster);
  Plan plan = bound.plan();
  for (size_t i = 0; i < bound.graph().values.size(); ++i) {
    const auto value = static_cast<ValueId>(i);
    const ValuePlan* part = bound.part(value);
    if (part == nullptr || !part->read_foreign) continue;
    plan.values[bound.graph().value(value).name].call = chooser.Choose(value);
  }
  return plan;
}

Cluster UsualCluster(int nodes) {
  Cluster cluster;
  cluster.link = {{125e6}, Milliseconds(0.06)};
  NodeSpeed speed;
  for (const OpKind kind : kOpKinds) {
    speed.of(kind) = {
        .overhead = Milliseconds(0.005), .rate = {80e9}, .weights = {15e9}, .activations = {30e9}};
  }
  speed.send = speed.receive = {.overhead = Milliseconds(0.006), .bandwidth = {3e9}};
  for (int node = 0; node < nodes; ++node)
    cluster.nodes.push_back(
        {.name = fmt::format("node {}", node), .memory = kUnlimitedMemory, .speed = speed});
  return cluster;
}

}  // namespace disco
