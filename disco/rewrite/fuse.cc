// SPDX-License-Identifier: Apache-2.0
#include "disco/rewrite/fuse.h"

#include <algorithm>

#include "disco/op/op_def.h"

namespace disco {
namespace {

// Whether an addend of this shape may be added to `result` in the call of `product`. After
// a Conv only what lies like the result, one number per feature, or one number: kernels that take
// a sum in their call have no other forms of broadcasting, and a sum by itself is always right.
bool IsAddable(const Op& product, const Shape& addend, const Shape& result) {
  if (!DefOf(product).Is(kWindowed) || addend == result || addend.elements() == 1) return true;
  return addend.rank() == result.rank() && addend[1] == result[1] && addend.elements() == result[1];
}

class Fuser {
 public:
  explicit Fuser(const Graph& graph) : graph_(graph), index_(graph), chain_of_(graph.ops.size()) {}

  std::vector<FusedOp> Fuse() {
    for (size_t i = 0; i < graph_.ops.size(); ++i) {
      const auto op = static_cast<OpId>(i);
      const OpType type = graph_.op(op).type;
      if (type == OpType::kReceive) last_receive_ = op;
      const bool fused =
          type == OpType::kAdd ? FuseAdd(op) : DefOf(type).Is(kActivation) && FuseActivation(op);
      if (fused) continue;
      chain_of_[i] = chains_.size();
      chains_.push_back({{op}, {}, std::nullopt});
    }
    std::ranges::sort(chains_, {}, [](const FusedOp& fused) { return fused.chain.back(); });
    return std::move(chains_);
  }

 private:
  // The chain that makes `value` and may take the op that reads it; null: none.
  FusedOp* OpenChain(ValueId value, OpId reader) {
    const OpId producer = index_.producer(value);
    if (producer == GraphIndex::kNoOp || producer < last_receive_) return nullptr;
    FusedOp& fused = chains_[chain_of_[static_cast<size_t>(producer)]];
    const Value& result = graph_.value(graph_.op(reader).outputs[0]);
    const bool alike = result.dtype == DType::kF32 && result.shape == graph_.value(value).shape;
    const bool open = DefOf(graph_.op(fused.chain[0])).Is(kProduct) && !fused.activation;
    return index_.HasOneReader(value) && alike && open ? &fused : nullptr;
  }

  // The chain that makes `value` and may take the Add that joins it to `addend`; null: none.
  FusedOp* OpenSum(ValueId value, ValueId addend, OpId add) {
    FusedOp* const fused = OpenChain(value, add);
    if (fused == nullptr) return nullptr;
    const Op& product = graph_.op(fused->chain[0]);
    const bool addable = IsAddable(product, graph_.value(addend).shape, graph_.value(value).shape);
    return addable ? fused : nullptr;
  }

  bool FuseAdd(OpId op) {
    const std::vector<ValueId>& inputs = graph_.op(op).inputs;
    FusedOp* const first = OpenSum(inputs[0], inputs[1], op);
    FusedOp* const second = OpenSum(inputs[1], inputs[0], op);
    if (first == nullptr && second == nullptr) return false;
    const bool take_second =
        first == nullptr || (second != nullptr && second->chain.back() > first->chain.back());
    FusedOp& fused = take_second ? *second : *first;
    fused.addends.push_back(inputs[take_second ? 0 : 1]);
    Append(op, fused);
    return true;
  }

  bool FuseActivation(OpId op) {
    FusedOp* const fused = OpenChain(graph_.op(op).inputs[0], op);
    if (fused == nullptr) return false;
    fused->activation = op;
    Append(op, *fused);
    return true;
  }

  void Append(OpId op, FusedOp& fused) {
    chain_of_[static_cast<size_t>(op)] = static_cast<size_t>(&fused - chains_.data());
    fused.chain.push_back(op);
  }

  const Graph& graph_;
  GraphIndex index_;
  std::vector<size_t> chain_of_;  // position in chains_, of each op so far
  std::vector<FusedOp> chains_;
  OpId last_receive_ = -1;
};

}  // namespace

std::vector<FusedOp> Fuse(const Graph& graph) { return Fuser(graph).Fuse(); }

}  // namespace disco
