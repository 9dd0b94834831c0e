// SPDX-License-Identifier: Apache-2.0
#include "disco/cost/choose_calls.h"

#include <algorithm>
#include <map>

#include "disco/cost/op_time.h"
#include "disco/cost/simulate.h"
#include "disco/plan/node_ops.h"
#include "disco/plan/traffic.h"

namespace disco {
namespace {

class Chooser {
 public:
  Chooser(const Graph& graph, const Plan& plan, const Cluster& cluster)
      : graph_(graph),
        plan_(plan),
        cluster_(cluster),
        ops_(graph, plan),
        traffic_(DeriveTraffic(graph, plan)) {
    for (const Transfer& transfer : traffic_)
      incoming_[{transfer.value, transfer.to}].push_back(&transfer);
  }

  MixingCall Choose(ValueId value) const {
    // As the cut does in any case (ShardBuilder::Joins).
    if (!ops_.readers(value).replicated.empty()) return MixingCall::kFused;
    Milliseconds fused{0}, split{0};
    for (NodeId node = 0; node < plan_.nodes; ++node) {
      const auto incoming = incoming_.find({value, node});
      if (incoming == incoming_.end()) continue;
      if (!incoming->second.front()->stride.empty()) return MixingCall::kSplit;
      fused = std::max(fused, FusedTime(value, node));
      split = std::max(split, SplitTime(value, node));
    }
    return split < fused ? MixingCall::kSplit : MixingCall::kFused;
  }

 private:
  const ValuePlan& PlanOf(ValueId value) const { return *plan_.Find(graph_.value(value).name); }
  const NodeSpeed& SpeedOf(NodeId node) const { return cluster_.node(node).speed; }
  double LocalShare(ValueId value, NodeId node) const {
    const ValuePlan& part = PlanOf(value);
    return static_cast<double>(part.Owned(node).size()) / static_cast<double>(part.owner.size());
  }
  double ForeignShare(ValueId value, NodeId node) const {
    const ValuePlan& part = PlanOf(value);
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
    std::vector<OpId> readers = ops_.readers(value).mixing;
    std::erase_if(readers, [&](OpId op) { return !ops_.Runs(op, node); });
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

  const Graph& graph_;
  const Plan& plan_;
  const Cluster& cluster_;
  NodeOps ops_;
  std::vector<Transfer> traffic_;
  std::map<std::pair<ValueId, NodeId>, std::vector<const Transfer*>> incoming_;
};

}  // namespace

Plan ChooseCalls(const Graph& graph, Plan plan, const Cluster& cluster) {
  const Chooser chooser(graph, plan, cluster);
  std::vector<std::pair<std::string, MixingCall>> chosen;
  for (size_t value = 0; value < graph.values.size(); ++value) {
    const ValuePlan* part = plan.Find(graph.values[value].name);
    if (part != nullptr && part->read_foreign)
      chosen.emplace_back(graph.values[value].name, chooser.Choose(static_cast<ValueId>(value)));
  }
  for (const auto& [name, call] : chosen) plan.values[name].call = call;
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
