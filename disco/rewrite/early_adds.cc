// SPDX-License-Identifier: Apache-2.0
#include "disco/rewrite/early_adds.h"

namespace disco {
namespace {

class Mover {
 public:
  explicit Mover(const Graph& graph) : graph_(graph), index_(graph) {
    for (const Op& op : graph.ops)
      receives_.push_back(receives_.back() + (op.type == OpType::kReceive ? 1 : 0));
  }

  // The Add that makes `sum`, if `other` could be added to its first input before its second is
  // there: nobody else reads the sum, and `other` is older than that input.
  OpId AddToMove(ValueId sum, ValueId other) const {
    const OpId add = index_.producer(sum);
    if (add == GraphIndex::kNoOp || graph_.op(add).type != OpType::kAdd) return GraphIndex::kNoOp;
    const Op& op = graph_.op(add);
    const OpId early = index_.producer(op.inputs[0]), late = index_.producer(op.inputs[1]);
    const bool waits = early != GraphIndex::kNoOp && ReceiveBetween(early, late);
    const bool there = waits && index_.producer(other) < early;
    const bool alike = graph_.value(other).shape == graph_.value(sum).shape &&
                       graph_.value(op.inputs[0]).shape == graph_.value(sum).shape;
    return index_.HasOneReader(sum) && there && alike ? add : GraphIndex::kNoOp;
  }

  OpId producer(ValueId value) const { return index_.producer(value); }

 private:
  bool ReceiveBetween(OpId early, OpId late) const {
    return early < late &&
           receives_[static_cast<size_t>(early) + 1] < receives_[static_cast<size_t>(late)];
  }

  const Graph& graph_;
  GraphIndex index_;
  std::vector<int> receives_ = {0};  // before each op, and in all
};

// (a + b) + other becomes (a + other) + b, with the first sum right after what makes a.
bool MoveOne(Graph& graph) {
  const Mover mover(graph);
  for (Op& outer : graph.ops) {
    if (outer.type != OpType::kAdd) continue;
    for (const size_t slot : {0, 1}) {
      const ValueId other = outer.inputs[1 - slot];
      const OpId inner = mover.AddToMove(outer.inputs[slot], other);
      if (inner == GraphIndex::kNoOp) continue;
      std::vector<ValueId>& summed = graph.ops[static_cast<size_t>(inner)].inputs;
      outer.inputs[1 - slot] = summed[1];
      summed[1] = other;
      const auto first = graph.ops.begin() + mover.producer(summed[0]) + 1;
      const auto moved = graph.ops.begin() + inner;
      std::rotate(first, moved, moved + 1);
      return true;
    }
  }
  return false;
}

}  // namespace

void AddEarly(Graph& graph) {
  // Each move looks at the whole network, which has one for each residual; others could take days.
  constexpr int kMostMoves = 1024;
  for (int moves = 0; moves < kMostMoves && MoveOne(graph); ++moves) {
  }
}

}  // namespace disco
