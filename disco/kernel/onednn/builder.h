// SPDX-License-Identifier: Apache-2.0
// Builder: the memory of a program and its list of steps, while both are made. Private to the room.
//
// Emit functions ask it for the description and memory of a value and add steps. Errors:
// dnnl::error is thrown.
#pragma once

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "disco/kernel/onednn/buffers.h"
#include "disco/kernel/onednn/slab.h"
#include "disco/kernel/onednn/step.h"
#include "disco/kernel/reference/float_watch.h"

namespace disco::onednn {

// A step, and what it is for timelines.
struct PlannedStep {
  std::unique_ptr<Step> step;
  std::string_view name;  // of its op
  StepKind kind = StepKind::kCompute;
  FloatWatch::Step watched;
};

// All that a program holds when it is made.
struct Parts {
  std::vector<PlannedStep> steps;
  Slab activations;               // the arena, staging between two layouts, the scratchpad
  size_t arena_size = 0;          // of it, bytes
  Slab packed;                    // weights in the layouts of their primitives
  std::vector<Tensor> constants;  // those that are read as they are
  std::vector<std::string> warnings;
  int streamed = 0;  // steps that are streamed convolutions
};

class Builder {
 public:
  // `memory` is asked for all that is taken; it may be null. Errors: MemoryRefused is thrown.
  Builder(const Graph& graph, const std::vector<FusedOp>& steps, MemoryAccount* memory);

  const Graph& graph() const { return graph_; }
  const dnnl::engine& engine() const { return engine_; }
  std::optional<size_t> SummedInPlace(size_t step) const { return plan_.summed_in_place[step]; }

  const Shape& ShapeOf(ValueId id) const { return graph_.value(id).shape; }
  Layout LayoutOf(ValueId id) const { return layouts_[static_cast<size_t>(id)]; }
  std::vector<int64_t> Strides(ValueId id) const { return StridesOf(ShapeOf(id), LayoutOf(id)); }
  // Of all constants of the graph together.
  Bytes constant_bytes() const { return constant_bytes_; }
  bool LiesPlain(ValueId id) const { return onednn::LiesPlain(ShapeOf(id), LayoutOf(id)); }
  // A float32 value as it lies.
  Desc DescOf(ValueId id) const;
  // The buffer of a value; a constant is copied into its layout at the first call.
  std::byte* Data(ValueId id);
  dnnl::memory MemoryOf(ValueId id) { return Memory(DescOf(id), Data(id)); }
  dnnl::memory Memory(const Desc& desc, std::byte* data) const {
    return dnnl::memory(desc, engine_, data);
  }
  // Memory of its own that lives as long as the program.
  std::byte* NewPacked(size_t size) { return parts_.packed.Take(size); }
  std::byte* NewStaging(size_t size) { return parts_.activations.Take(size); }
  // Of each step's scratchpad.
  void ReserveScratchpad(size_t size) { scratchpad_size_ = std::max(scratchpad_size_, size); }
  // For what is not taken here: as long as the program lives, and while each step runs.
  void Take(Bytes size, std::string_view what) { TakeOrThrow(memory_, size, what); }
  // Whether no step was of this kind so far; primitives of one kind share their code.
  bool IsNew(std::string kind) { return kinds_.insert(std::move(kind)).second; }
  void ReserveForRun(Bytes size) { for_run_ = std::max(for_run_, size); }

  // Strides of the elements that Pack reads: those of a constant lie row-major.
  std::vector<int64_t> PackStrides(ValueId id) const {
    return graph_.IsConstant(id) ? ShapeOf(id).strides() : Strides(id);
  }
  // Weights `id`, seen as `view`, in the layout `wanted`: reordered now when constant, else before
  // every use.
  dnnl::memory Pack(const Op& op, ValueId id, const Desc& view, const Desc& wanted);
  // The same for numbers that are known now.
  dnnl::memory Pack(const Tensor& weights, const Desc& view, const Desc& wanted);

  dnnl::primitive_attr NewAttributes() const;
  // Warns when the primitive is oneDNN's own slow fallback.
  void AddPrimitive(const Op& op, const PrimitiveDesc& desc, std::vector<Argument> arguments);
  void AddReorder(const Op& op, const dnnl::memory& from, const dnnl::memory& to);
  void AddStep(const Op& op, std::unique_ptr<Step> step, StepKind kind = StepKind::kCompute) {
    parts_.steps.push_back({std::move(step), op.name, kind});
  }
  void CountStreamed() { ++parts_.streamed; }
  void Warn(const Op& op, std::string_view reason);

  size_t steps() const { return parts_.steps.size(); }
  // Says what the steps from `first` on, which are those of `fused`, make.
  void Watch(size_t first, const FusedOp& fused);
  // Forgets the steps after the first `count`.
  void KeepSteps(size_t count) { parts_.steps.resize(count); }
  // Gives every primitive its scratchpad; the last call.
  Parts Finish();

 private:
  const Graph& graph_;
  MemoryAccount* memory_;
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  std::vector<Layout> layouts_;
  BufferPlan plan_;
  Bytes constant_bytes_;
  std::vector<std::byte*> buffers_;    // of the plan
  std::vector<std::byte*> constants_;  // of each value, in its layout; null: not yet
  size_t scratchpad_size_ = 0;
  Bytes for_run_;
  std::set<std::string> kinds_;
  Parts parts_;
};

// From one layout or view to another, once and now.
void ReorderNow(const dnnl::memory& from, const dnnl::memory& to);

std::string OpName(const Op& op);  // "op 'layer1.0.conv1' (Conv)"

}  // namespace disco::onednn
