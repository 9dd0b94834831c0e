// SPDX-License-Identifier: Apache-2.0
#include "disco/cost/simulate.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "disco/cost/op_time.h"
#include "disco/op/op_name.h"
#include "disco/op/work.h"
#include "disco/rewrite/for_kernels.h"

namespace disco {
namespace {

// Where something that does one thing at a time (a processor, a link, a message) has come to.
struct Moment {
  Milliseconds now{0};
  std::optional<size_t> last;  // the event that ended now
};

class Player {
 public:
  // What every player of a cut has in common.
  struct Score {
    const std::vector<Transfer>& traffic;
    const std::vector<Graph>& shards;
    const std::vector<std::vector<OpWork>>& works;
  };
  Player(const Score& score, const Cluster& cluster)
      : traffic_(score.traffic),
        shards_(score.shards),
        works_(score.works),
        cluster_(cluster),
        count_(shards_.size()),
        next_op_(count_),
        processors_(count_),
        links_(count_ * count_),
        uses_(count_ * count_),
        held_(count_ * count_) {
    result_.nodes.resize(count_);
    result_.messages.resize(traffic_.size());
  }

  Result<Simulation> Play() {
    // A message depends on its sender alone, so each node can be played as far as it gets.
    for (bool moved = true; moved;) {
      moved = false;
      for (size_t node = 0; node < count_; ++node) moved = PlayNode(node) || moved;
    }
    DISCO_TRY(CheckFinished());
    Finish();
    if (!std::isfinite(result_.total.count())) {
      return Fail(ErrorKind::kInvalid,
                  "an answer takes longer than can be counted; give faster links or nodes");
    }
    return std::move(result_);
  }

 private:
  const NodeSpeed& SpeedOf(size_t node) const { return cluster_.nodes[node].speed; }
  const Op& NextOp(size_t node) const { return shards_[node].ops[next_op_[node]]; }
  const Transfer& TransferOf(int32_t id) const { return traffic_[static_cast<size_t>(id)]; }
  MessageTimes& MessageOf(const Transfer& transfer) {
    return result_.messages[static_cast<size_t>(transfer.id)];
  }
  size_t PairOf(NodeId from, NodeId to) const {
    return static_cast<size_t>(from) * count_ + static_cast<size_t>(to);
  }

  // False when it could do nothing.
  bool PlayNode(size_t node) {
    const size_t first = next_op_[node];
    while (next_op_[node] < shards_[node].ops.size() && PlayOp(node)) ++next_op_[node];
    return next_op_[node] > first;
  }

  // False when a message of a Receive is not yet known.
  bool PlayOp(size_t node) {
    const Op& op = NextOp(node);
    if (op.type == OpType::kReceive) return PlayReceive(node, op);
    if (op.type == OpType::kSend) {
      PlaySend(node, op);
    } else {
      Run(node, EventKind::kCompute, op.name, OpTime(works_[node][next_op_[node]], SpeedOf(node)));
    }
    return true;
  }

  void PlaySend(size_t node, const Op& op) {
    const auto& params = op.as<SendParams>();
    const Transfer& transfer = TransferOf(params.transfer);
    Milliseconds time = SpeedOf(node).send.Time(transfer.float_size());
    if (params.with_next) time -= SavedWithNext(transfer, SpeedOf(node));
    Run(node, EventKind::kSend, op.name, time);
    MessageOf(transfer).packed = processors_[node].now;
    std::vector<const Op*>& held = held_[PairOf(transfer.from, transfer.to)];
    held.push_back(&op);
    if (params.with_next) return;
    for (const Op* message : held) Post(node, *message);
    held.clear();
  }

  void Post(size_t node, const Op& op) {
    const Transfer& transfer = TransferOf(op.as<SendParams>().transfer);
    const Link& link = cluster_.LinkBetween(transfer.from, transfer.to);
    LinkUse& use = uses_[PairOf(transfer.from, transfer.to)];
    // Where links share an interface, it is the one from the node to itself, which carries nothing.
    const NodeId interface = cluster_.shared_interface ? transfer.from : transfer.to;
    Moment& carrier = links_[PairOf(transfer.from, interface)];
    if (carrier.now < processors_[node].now) carrier = processors_[node];
    const Milliseconds busy =
        link.bandwidth.Time(static_cast<double>((transfer.size + kFrameBytes).value));
    Append({EventKind::kLink, transfer.from, transfer.to, op.name}, busy, carrier);
    Moment arrival = carrier;
    Append({EventKind::kLatency, transfer.from, transfer.to, op.name}, link.latency, arrival);
    arrivals_[transfer.id] = arrival;
    MessageOf(transfer).arrived = arrival.now;
    use.busy += busy;
    use.bytes += transfer.size;
    ++use.messages;
    result_.nodes[node].sent += transfer.size;
  }

  bool PlayReceive(size_t node, const Op& op) {
    const auto& sources = op.as<ReceiveParams>().sources;
    const bool posted = std::ranges::all_of(
        sources, [&](const auto& source) { return arrivals_.contains(source.transfer); });
    if (!posted) return false;
    if (op.HasInput(0)) CopyInput(node, op);
    for (const auto& source : sources) {
      const Transfer& transfer = TransferOf(source.transfer);
      Wait(node, op, transfer);
      Run(node, EventKind::kReceive, op.name, SpeedOf(node).receive.Time(transfer.float_size()));
      result_.nodes[node].received += transfer.size;
    }
    return true;
  }

  // Own features in front of those received: read once and written once.
  void CopyInput(size_t node, const Op& op) {
    const Bytes size = SizeOf(shards_[node].value(op.inputs[0]));
    const OpWork copy{.kind = OpKind::kMove, .activations = size * 2};
    Run(node, EventKind::kReceive, op.name, OpTime(copy, SpeedOf(node)));
  }

  void Wait(size_t node, const Op& op, const Transfer& transfer) {
    const Moment& arrival = arrivals_.at(transfer.id);
    Moment& processor = processors_[node];
    MessageOf(transfer).wanted = processor.now;
    if (arrival.now <= processor.now) return;
    const Milliseconds wait = arrival.now - processor.now;
    const auto id = static_cast<NodeId>(node);
    result_.timeline.push_back(
        {EventKind::kWait, id, id, op.name, processor.now, arrival.now, arrival.last});
    processor = arrival;  // what follows begins because the message came
    result_.nodes[node].wait += wait;
    uses_[PairOf(transfer.from, transfer.to)].waited += wait;
  }

  void Run(size_t node, EventKind kind, const std::string& name, Milliseconds time) {
    const auto id = static_cast<NodeId>(node);
    Append({kind, id, id, name}, time, processors_[node]);
    NodeTimes& times = result_.nodes[node];
    (kind == EventKind::kCompute ? times.compute : times.pack) += time;
  }

  // The event that begins where `progress` has come to.
  void Append(SimulatedEvent event, Milliseconds time, Moment& progress) {
    if (time <= Milliseconds(0)) return;
    event.start = progress.now;
    event.end = progress.now + time;
    event.cause = progress.last;
    progress = {event.end, result_.timeline.size()};
    result_.timeline.push_back(std::move(event));
  }

  Status CheckFinished() const {
    for (size_t node = 0; node < count_; ++node) {
      if (next_op_[node] == shards_[node].ops.size()) continue;
      return OpError(NextOp(node), ErrorKind::kInvalid,
                     "node {} waits for what no node sends; cut the network again", node);
    }
    return {};
  }

  void Finish() {
    std::optional<size_t> last;
    for (size_t node = 0; node < count_; ++node) {
      result_.nodes[node].end = processors_[node].now;
      if (processors_[node].now <= result_.total) continue;
      result_.total = processors_[node].now;
      last = processors_[node].last;
    }
    for (; last; last = result_.timeline[*last].cause) result_.critical_path.push_back(*last);
    std::ranges::reverse(result_.critical_path);
    FinishLinks();
  }

  void FinishLinks() {
    for (size_t pair = 0; pair < uses_.size(); ++pair) {
      LinkUse& use = uses_[pair];
      if (use.messages == 0) continue;
      use.from = static_cast<NodeId>(pair / count_);
      use.to = static_cast<NodeId>(pair % count_);
      if (result_.total > Milliseconds(0)) use.utilisation = use.busy / result_.total;
      result_.links.push_back(use);
    }
    const auto slowest = std::ranges::max_element(result_.links, {}, &LinkUse::busy);
    if (slowest != result_.links.end())
      result_.slowest_link = static_cast<size_t>(slowest - result_.links.begin());
  }

  const std::vector<Transfer>& traffic_;
  const std::vector<Graph>& shards_;
  const std::vector<std::vector<OpWork>>& works_;  // by node and op
  const Cluster& cluster_;
  size_t count_;
  std::vector<size_t> next_op_;                   // by node
  std::vector<Moment> processors_;                // by node
  std::vector<Moment> links_;                     // by ordered pair
  std::vector<LinkUse> uses_;                     // by ordered pair
  std::vector<std::vector<const Op*>> held_;      // by ordered pair: what leaves with the next
  std::unordered_map<int32_t, Moment> arrivals_;  // by transfer, of those posted so far
  Simulation result_;
};

}  // namespace

Result<Simulator> Simulator::Make(const Cut& cut) {
  Simulator simulator(cut);
  for (Graph& shard : simulator.shards_) {
    DISCO_TRY(RewriteForKernels(shard));
    simulator.works_.push_back(WorkOf(shard));
  }
  return simulator;
}

Result<Simulation> Simulator::On(const Cluster& cluster) const {
  if (shards_.size() > cluster.nodes.size()) {
    return Fail(ErrorKind::kInvalid,
                "the plan is for {} nodes, the cluster has {}; give a larger cluster or another "
                "plan",
                shards_.size(), cluster.nodes.size());
  }
  return Player({*traffic_, shards_, works_}, cluster).Play();
}

Milliseconds SavedWithNext(const Transfer& transfer, const NodeSpeed& sender) {
  const Bandwidth memory = sender.of(OpKind::kMove).activations;
  return sender.send.overhead - memory.Time(2.0 * static_cast<double>(transfer.size.value));
}

Result<Simulation> Simulate(const Cut& cut, const Cluster& cluster) {
  DISCO_ASSIGN(const Simulator simulator, Simulator::Make(cut));
  return simulator.On(cluster);
}

}  // namespace disco
