// SPDX-License-Identifier: Apache-2.0
#include "disco/shard/exchange_order.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "disco/plan/node_ops.h"

namespace disco {
namespace {

struct Place {
  int stage = 0;
  bool sends = false;  // whether a message of its stage is made of it
};

class Placer {
 public:
  Placer(const Graph& graph, const Plan& plan)
      : graph_(graph), index_(graph), ops_(graph, plan), places_(graph.ops.size()) {
    for (size_t value = 0; value < graph.values.size(); ++value)
      sent_.push_back(IsSent(plan, static_cast<ValueId>(value)));
  }

  // By op.
  std::vector<Place> Run() {
    for (size_t op = 0; op < places_.size(); ++op)
      places_[op].stage = StageOf(static_cast<OpId>(op));
    for (size_t op = places_.size(); op-- > 0;)
      places_[op].sends = Sends(graph_.ops[op], places_[op].stage);
    return std::move(places_);
  }

 private:
  const Place& PlaceOf(OpId op) const { return places_[static_cast<size_t>(op)]; }

  bool IsSent(const Plan& plan, ValueId value) const {
    const ValuePlan* part = plan.Find(graph_.value(value).name);
    if (part == nullptr || !part->read_foreign) return false;
    for (NodeId to = 0; to < plan.nodes; ++to) {
      if (!part->kept[static_cast<size_t>(to)].empty() && ops_.ReadsForeign(value, to)) return true;
    }
    return false;
  }

  // Whether `reader` reads foreign features of `value` on some node.
  bool Waits(OpId reader, ValueId value) const {
    const CrossReaders& readers = ops_.readers(value);
    return sent_[static_cast<size_t>(value)] &&
           (std::ranges::count(readers.mixing, reader) +
            std::ranges::count(readers.replicated, reader)) > 0;
  }

  int StageOf(OpId op) const {
    int stage = 0;
    for (const ValueId input : graph_.op(op).inputs) {
      const OpId producer = input == kNoValue ? GraphIndex::kNoOp : index_.producer(input);
      if (producer == GraphIndex::kNoOp) continue;
      stage = std::max(stage, PlaceOf(producer).stage + (Waits(op, input) ? 1 : 0));
    }
    return stage;
  }

  bool Sends(const Op& op, int stage) const {
    for (const ValueId output : op.outputs) {
      if (output == kNoValue) continue;
      if (sent_[static_cast<size_t>(output)]) return true;
      for (const OpId reader : index_.readers(output)) {
        if (PlaceOf(reader).stage == stage && PlaceOf(reader).sends) return true;
      }
    }
    return false;
  }

  const Graph& graph_;
  GraphIndex index_;
  NodeOps ops_;
  std::vector<bool> sent_;  // by value
  std::vector<Place> places_;
};

}  // namespace

void OrderByExchange(Graph& graph, const Plan& plan) {
  const std::vector<Place> places = Placer(graph, plan).Run();
  std::vector<size_t> order(places.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, {},
                    [&](size_t op) { return std::tuple(places[op].stage, !places[op].sends, op); });
  std::vector<Op> ops;
  ops.reserve(order.size());
  for (const size_t op : order) ops.push_back(std::move(graph.ops[op]));
  graph.ops = std::move(ops);
}

}  // namespace disco
