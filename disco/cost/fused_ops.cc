// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "disco/cost/op_time.h"
#include "disco/graph/fusion.h"

namespace disco {
namespace {

class FusedFinder {
 public:
  explicit FusedFinder(const Graph& graph)
      : graph_(graph), index_(graph), fused_(graph.ops.size()), open_(graph.ops.size()) {}

  std::vector<bool> Find() {
    for (size_t i = 0; i < graph_.ops.size(); ++i) {
      const Op& op = graph_.ops[i];
      if (op.type == OpType::kReceive) last_receive_ = static_cast<OpId>(i);
      open_[i] = TakesOthers(op.type);
      if (op.type == OpType::kAdd) {
        fused_[i] = Joins(op, op.inputs[0]) || Joins(op, op.inputs[1]);
        open_[i] = fused_[i];
      } else if (IsActivation(op.type)) {
        fused_[i] = Joins(op, op.inputs[0]);
      }
    }
    return std::move(fused_);
  }

 private:
  // Whether `op` can be part of the op that makes `value`, which it reads.
  bool Joins(const Op& op, ValueId value) const {
    const OpId producer = index_.producer(value);
    if (producer == GraphIndex::kNoOp || producer < last_receive_) return false;
    const bool alone = index_.readers(value).size() == 1 &&
                       std::ranges::find(graph_.outputs, value) == graph_.outputs.end();
    const Value& result = graph_.value(op.outputs[0]);
    const bool alike = result.dtype == DType::kF32 && result.shape == graph_.value(value).shape;
    return alone && alike && open_[static_cast<size_t>(producer)];
  }

  const Graph& graph_;
  GraphIndex index_;
  std::vector<bool> fused_;
  std::vector<bool> open_;  // by op: whether the next may be fused into it
  OpId last_receive_ = GraphIndex::kNoOp;
};

}  // namespace

std::vector<bool> FindFused(const Graph& graph) { return FusedFinder(graph).Find(); }

}  // namespace disco
