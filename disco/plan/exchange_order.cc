// SPDX-License-Identifier: Apache-2.0
#include "disco/plan/exchange_order.h"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace disco {
namespace {

struct Place {
  int stage = 0;
  bool sends = false;  // whether a message of its stage is made of it
};

class Placer {
 public:
  explicit Placer(const BoundPlan& bound) : bound_(bound), places_(bound.graph().ops.size()) {
    for (size_t value = 0; value < bound.graph().values.size(); ++value)
      sent_.push_back(IsSent(static_cast<ValueId>(value)));
  }

  // By op.
  std::vector<Place> Run() {
    for (size_t op = 0; op < places_.size(); ++op)
      places_[op].stage = StageOf(static_cast<OpId>(op));
    for (size_t op = places_.size(); op-- > 0;)
      places_[op].sends = Sends(bound_.graph().ops[op], places_[op].stage);
    return std::move(places_);
  }

 private:
  const Place& PlaceOf(OpId op) const { return places_[static_cast<size_t>(op)]; }

  bool IsSent(ValueId value) const {
    const ValuePlan* part = bound_.part(value);
    if (part == nullptr || !part->read_foreign) return false;
    for (NodeId to = 0; to < bound_.nodes(); ++to) {
      if (!part->kept[static_cast<size_t>(to)].empty() && bound_.ReadsForeign(value, to))
        return true;
    }
    return false;
  }

  // Whether `reader` reads foreign features of `value` on some node.
  bool Waits(OpId reader, ValueId value) const {
    const CrossReaders& readers = bound_.readers(value);
    return sent_[static_cast<size_t>(value)] &&
           (std::ranges::count(readers.mixing, reader) +
            std::ranges::count(readers.replicated, reader)) > 0;
  }

  int StageOf(OpId op) const {
    int stage = 0;
    for (const ValueId input : bound_.graph().op(op).inputs) {
      const OpId producer = input == kNoValue ? GraphIndex::kNoOp : bound_.index().producer(input);
      if (producer == GraphIndex::kNoOp) continue;
      stage = std::max(stage, PlaceOf(producer).stage + (Waits(op, input) ? 1 : 0));
    }
    return stage;
  }

  bool Sends(const Op& op, int stage) const {
    for (const ValueId output : op.outputs) {
      if (output == kNoValue) continue;
      if (sent_[static_cast<size_t>(output)]) return true;
      for (const OpId reader : bound_.index().readers(output)) {
        if (PlaceOf(reader).stage == stage && PlaceOf(reader).sends) return true;
      }
    }
    return false;
  }

  const BoundPlan& bound_;
  std::vector<bool> sent_;  // by value
  std::vector<Place> places_;
};

}  // namespace

std::vector<OpId> ExchangeOrder(const BoundPlan& bound) {
  const std::vector<Place> places = Placer(bound).Run();
  std::vector<OpId> order(places.size());
  std::iota(order.begin(), order.end(), OpId{0});
  std::ranges::sort(order, {}, [&](OpId op) {
    const Place& place = places[static_cast<size_t>(op)];
    return std::tuple(place.stage, !place.sends, op);
  });
  return order;
}

}  // namespace disco
