// SPDX-License-Identifier: Apache-2.0
#include "disco/cost/choose_with_next.h"

#include <algorithm>
#include <optional>

#include "disco/cost/simulate.h"
#include "disco/shard/cut.h"
#include "disco/shard/with_next.h"

namespace disco {
namespace {

struct Sent {
  std::string value;           // its name, in the network and in the shard
  std::optional<size_t> next;  // transfer that it could leave with
};

// By transfer.
std::vector<Sent> SentOf(const Cut& cut) {
  std::vector<Sent> sent(cut.traffic.size());
  for (const Graph& shard : cut.shards) {
    const auto followers = Followers(shard);
    const auto transfer_of = [&](size_t op) {
      return static_cast<size_t>(shard.ops[op].as<SendParams>().transfer);
    };
    for (size_t op = 0; op < shard.ops.size(); ++op) {
      if (shard.ops[op].type != OpType::kSend) continue;
      const size_t transfer = transfer_of(op);
      sent[transfer].value = shard.value(shard.ops[op].inputs[0]).name;
      if (followers[op] && cut.traffic[transfer].size <= kMostHeld)
        sent[transfer].next = transfer_of(*followers[op]);
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
    const Transfer& sent = cut_.traffic[transfer];
    return SavedWithNext(sent, cluster_.node(sent.from).speed);
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

struct Choice {
  std::vector<std::string> values;  // their names
  Milliseconds total_apart{0};      // of an inference that sends each by itself
};

Result<Choice> Choose(const BoundPlan& apart, const Cluster& cluster) {
  DISCO_ASSIGN(const Cut cut, CutNetwork(apart));
  DISCO_ASSIGN(const Simulation simulation, Simulate(cut, cluster));
  return Choice{Companions(cut, cluster, simulation).Choose(), simulation.total};
}

}  // namespace

Result<Plan> ChooseWithNext(const BoundPlan& bound, const Cluster& cluster) {
  Plan apart = bound.plan();
  for (auto& [name, value] : apart.values) value.with_next = false;
  DISCO_ASSIGN(const BoundPlan bound_apart, bound.With(apart));
  DISCO_ASSIGN(const Choice choice, Choose(bound_apart, cluster));
  if (choice.values.empty()) return apart;
  Plan together = apart;
  for (const std::string& name : choice.values) together.values.at(name).with_next = true;
  DISCO_ASSIGN(const BoundPlan bound_together, bound.With(together));
  DISCO_ASSIGN(const Cut cut, CutNetwork(bound_together));
  DISCO_ASSIGN(const Simulation simulation, Simulate(cut, cluster));
  return simulation.total < choice.total_apart ? together : apart;
}

}  // namespace disco
