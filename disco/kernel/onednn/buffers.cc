// SPDX-License-Identifier: Apache-2.0
#include "disco/kernel/onednn/buffers.h"

#include <algorithm>

#include "disco/op/op_def.h"

namespace disco::onednn {
namespace {

class Planner {
 public:
  Planner(const Graph& graph, const std::vector<Layout>& layouts, const std::vector<FusedOp>& steps)
      : graph_(graph), layouts_(layouts), steps_(steps), step_of_(graph.ops.size()), index_(graph) {
    plan_.buffer.assign(graph.values.size(), BufferPlan::kNone);
    plan_.summed_in_place.resize(steps.size());
    for (size_t step = 0; step < steps.size(); ++step) {
      for (const OpId op : steps[step].chain) step_of_[static_cast<size_t>(op)] = step;
    }
  }

  BufferPlan Plan() {
    for (const ValueId input : graph_.inputs) Place(input, kBeforeSteps);
    for (size_t step = 0; step < steps_.size(); ++step) {
      const Op& last = graph_.op(steps_[step].chain.back());
      for (size_t slot = 0; slot < last.outputs.size(); ++slot) {
        if (last.HasOutput(slot)) PlaceOutput(step, last, slot);
      }
    }
    for (size_t buffer = 0; buffer < lifetimes_.size(); ++buffer) {
      for (const ValueId id : values_in_[buffer]) Extend(lifetimes_[buffer], id);
      plan_.sizes.push_back(lifetimes_[buffer].size);
    }
    plan_.arena = PackArena(lifetimes_);
    return std::move(plan_);
  }

 private:
  static constexpr int kBeforeSteps = -1;  // when the inputs come

  int& BufferOf(ValueId id) { return plan_.buffer[static_cast<size_t>(id)]; }
  Layout LayoutOf(ValueId id) const { return layouts_[static_cast<size_t>(id)]; }

  // A buffer of its own, written in `step`.
  void Place(ValueId id, int step) {
    if (graph_.IsConstant(id)) return;
    const Value& value = graph_.value(id);
    const size_t size = static_cast<size_t>(value.shape.elements()) * SizeOf(value.dtype);
    BufferOf(id) = static_cast<int>(lifetimes_.size());
    lifetimes_.push_back({size, step, step});
    values_in_.push_back({id});
  }

  // To the last step that reads `id`; outputs are read after all steps.
  void Extend(Lifetime& lifetime, ValueId id) const {
    const auto read_in = [&](size_t step) {
      lifetime.last = std::max(lifetime.last, static_cast<int>(step));
    };
    for (const OpId reader : index_.readers(id)) read_in(step_of_[static_cast<size_t>(reader)]);
    if (index_.IsOutput(id)) read_in(steps_.size());
  }

  void Share(ValueId id, int buffer) {
    BufferOf(id) = buffer;
    values_in_[static_cast<size_t>(buffer)].push_back(id);
  }

  void PlaceOutput(size_t step, const Op& last, size_t slot) {
    const ValueId output = last.outputs[slot];
    if (slot == 0 && RenamesElements(graph_, last) && LiesAlike(last.inputs[0], output)) {
      return Share(output, BufferOf(last.inputs[0]));
    }
    const std::vector<ValueId>& addends = steps_[step].addends;
    for (size_t i = 0; i < addends.size(); ++i) {
      if (!MayOverwrite(step, addends[i], output)) continue;
      plan_.summed_in_place[step] = i;
      return Share(output, BufferOf(addends[i]));
    }
    Place(output, static_cast<int>(step));
  }

  bool LiesAlike(ValueId a, ValueId b) {
    const Shape& from = graph_.value(a).shape;
    const Shape& to = graph_.value(b).shape;
    const bool same = from == to && LayoutOf(a) == LayoutOf(b);
    const bool plain = LiesPlain(from, LayoutOf(a)) && LiesPlain(to, LayoutOf(b));
    return BufferOf(a) != BufferPlan::kNone && (same || plain);
  }

  // Whether `step` is the last reader of everything in the buffer of `addend`, and reads it once.
  bool MayOverwrite(size_t step, ValueId addend, ValueId output) {
    const bool alike = BufferOf(addend) != BufferPlan::kNone &&
                       graph_.value(addend).shape == graph_.value(output).shape &&
                       LayoutOf(addend) == LayoutOf(output);
    if (!alike) return false;
    int reads = 0;
    for (const ValueId id : values_in_[static_cast<size_t>(BufferOf(addend))]) {
      if (index_.IsOutput(id)) return false;
      for (const OpId reader : index_.readers(id)) {
        if (step_of_[static_cast<size_t>(reader)] > step) return false;
        reads += step_of_[static_cast<size_t>(reader)] == step ? 1 : 0;
      }
    }
    return reads == 1;
  }

  const Graph& graph_;
  const std::vector<Layout>& layouts_;
  const std::vector<FusedOp>& steps_;
  std::vector<size_t> step_of_;  // of each op
  GraphIndex index_;
  BufferPlan plan_;
  std::vector<Lifetime> lifetimes_;              // of each buffer
  std::vector<std::vector<ValueId>> values_in_;  // each buffer
};

}  // namespace

BufferPlan PlanBuffers(const Graph& graph, const std::vector<Layout>& layouts,
                       const std::vector<FusedOp>& steps) {
  return Planner(graph, layouts, steps).Plan();
}

bool RenamesElements(const Graph& graph, const Op& op) {
  if (DefOf(op).Is(kKeepsOrder)) return true;
  if (op.type != OpType::kDropout) return false;
  if (!op.HasInput(2)) return true;
  const Tensor* training = graph.ConstantInput(op, 2);
  return training != nullptr && training->dtype() == DType::kBool && training->elements() == 1 &&
         !training->Data<bool>()[0];
}

}  // namespace disco::onednn
