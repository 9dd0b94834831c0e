// SPDX-License-Identifier: Apache-2.0
#include "disco/cost/choose_with_next.h"

#include <algorithm>
#include <optional>

#include "disco/cost/simulate.h"
#include "disco/shard/cut.h"

namespace disco {
namespace {

struct Sent {
  std::string value;           // its name, in the network and in the shard
  std::optional<size_t> next;  // transfer to the same node, before its sender waits for anything
};

// By transfer.
std::vector<Sent> SentOf(const Cut& cut) {
  std::vector<Sent> sent(cut.traffic.size());
  for (const Graph& shard : cut.shards) {
    std::vector<std::optional<size_t>> last(cut.shards.size());  // by receiver
    for (const Op& op : shard.ops) {
      if (op.type == OpType::kReceive) std::ranges::fill(last, std::nullopt);
      if (op.type != OpType::kSend) continue;
      const auto& send = op.as<SendParams>();
      const auto transfer = static_cast<size_t>(send.transfer);
      std::optional<size_t>& before = last[static_cast<size_t>(send.to)];
      if (before) sent[*before].next = transfer;
      before = transfer;
      sent[transfer].value = shard.value(op.inputs[0]).name;
    }
  }
  return sent;
}

class Companions {
 public:
  Companions(const Cut& cut, const Cluster& cluster, const Simulation& simulation)
      : cut_(cut), cluster_(cluster), messages_(simulation.messages), sent_(SentOf(cut)) {
    for (const MessageTimes& message : messages_) leaves_.push_back(message.packed);
  }

  // The names of values.
  std::vector<std::string> Choose() {
    std::vector<std::string> chosen;
    // From the last value on, so that it is known when the next one leaves.
    for (size_t end = cut_.traffic.size(); end > 0;) {
      size_t begin = end - 1;
      while (begin > 0 && sent_[begin - 1].value == sent_[begin].value) --begin;
      if (Pays(begin, end)) {
        chosen.push_back(sent_[begin].value);
        for (size_t transfer = begin; transfer < end; ++transfer) {
          if (const auto next = sent_[transfer].next) leaves_[transfer] = leaves_[*next];
        }
      }
      end = begin;
    }
    return chosen;
  }

 private:
  // Whether somebody saves by it, and nobody loses as much.
  bool Pays(size_t begin, size_t end) const {
    bool pays = false;
    for (size_t transfer = begin; transfer < end; ++transfer) {
      if (!sent_[transfer].next) continue;
      if (Loss(transfer) >= Saved(transfer)) return false;
      pays = true;
    }
    return pays;
  }

  Milliseconds Saved(size_t transfer) const {
    return cluster_.node(cut_.traffic[transfer].from).speed.send.overhead;
  }

  // How much longer the receiver waits for it.
  Milliseconds Loss(size_t transfer) const {
    const MessageTimes& message = messages_[transfer];
    const Milliseconds delay = leaves_[*sent_[transfer].next] - message.packed;
    const Milliseconds early = message.wanted - message.arrived;
    return std::min(delay, std::max(Milliseconds(0), delay - early));
  }

  const Cut& cut_;
  const Cluster& cluster_;
  const std::vector<MessageTimes>& messages_;
  std::vector<Sent> sent_;
  std::vector<Milliseconds> leaves_;  // by transfer
};

}  // namespace

Result<Plan> ChooseWithNext(const Graph& graph, Plan plan, const Cluster& cluster) {
  for (auto& [name, value] : plan.values) value.with_next = false;
  DISCO_ASSIGN(const Cut apart, CutNetwork(graph, plan));
  DISCO_ASSIGN(const Simulation before, Simulate(apart, cluster));
  const auto chosen = Companions(apart, cluster, before).Choose();
  if (chosen.empty()) return plan;
  Plan together = plan;
  for (const std::string& name : chosen) together.values[name].with_next = true;
  DISCO_ASSIGN(const Cut cut, CutNetwork(graph, together));
  DISCO_ASSIGN(const Simulation after, Simulate(cut, cluster));
  return after.total < before.total ? together : plan;
}

}  // namespace disco
