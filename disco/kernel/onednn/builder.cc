// SPDX-License-Identifier: Apache-2.0
#include "disco/kernel/onednn/builder.h"

#include <algorithm>

#include "disco/op/op_def.h"
#include "disco/op/op_name.h"
#include "disco/op/work.h"
#include "disco/tensor/memory.h"

namespace disco::onednn {
namespace {

// Where each buffer lies: in one arena, or alone between guard pages.
std::vector<std::byte*> TakeBuffers(const BufferPlan& plan, Slab& slab) {
  std::vector<std::byte*> buffers;
  if (IsMemoryGuarded()) {
    for (const size_t size : plan.sizes) buffers.push_back(slab.Take(size));
  } else {
    std::byte* const arena = slab.Take(plan.arena.size);
    for (const size_t offset : plan.arena.offsets) buffers.push_back(arena + offset);
  }
  return buffers;
}

}  // namespace

Builder::Builder(const Graph& graph, const std::vector<FusedOp>& steps, MemoryAccount* memory)
    : graph_(graph),
      memory_(memory),
      layouts_(LayoutsOf(graph)),
      plan_(PlanBuffers(graph, layouts_, steps)),
      constants_(graph.values.size(), nullptr) {
  for (const Value& value : graph.values) {
    if (value.constant) constant_bytes_ += SizeOf(value);
  }
  parts_.activations = Slab(memory, "what the network computes");
  parts_.packed = Slab(memory, "what the network has learned");
  buffers_ = TakeBuffers(plan_, parts_.activations);
  parts_.arena_size = parts_.activations.taken();
}

Desc Builder::DescOf(ValueId id) const {
  const Shape& shape = ShapeOf(id);
  if (shape.rank() == 0) return Desc({1}, kFloat, dnnl::memory::dims{1});
  return Desc(shape.dims(), kFloat, Strides(id));
}

std::byte* Builder::Data(ValueId id) {
  const int buffer = plan_.buffer[static_cast<size_t>(id)];
  if (buffer != BufferPlan::kNone) return buffers_[static_cast<size_t>(buffer)];
  std::byte*& data = constants_[static_cast<size_t>(id)];
  if (data != nullptr) return data;
  const Tensor& constant = *graph_.value(id).constant;
  if (!LiesPlain(id)) {
    const Desc plain(constant.shape().dims(), kFloat, constant.shape().strides());
    return data = static_cast<std::byte*>(Pack(constant, plain, DescOf(id)).get_data_handle());
  }
  parts_.constants.push_back(constant);
  return data = const_cast<std::byte*>(constant.bytes().data());  // no step writes to a constant
}

dnnl::memory Builder::Pack(const Op& op, ValueId id, const Desc& view, const Desc& wanted) {
  if (graph_.IsConstant(id)) return Pack(*graph_.value(id).constant, view, wanted);
  const dnnl::memory from = Memory(view, Data(id));
  if (view == wanted) return from;
  const dnnl::memory to = Memory(wanted, NewStaging(wanted.get_size()));
  AddReorder(op, from, to);
  return to;
}

dnnl::memory Builder::Pack(const Tensor& weights, const Desc& view, const Desc& wanted) {
  const dnnl::memory to = Memory(wanted, NewPacked(wanted.get_size()));
  ReorderNow(Memory(view, const_cast<std::byte*>(weights.bytes().data())), to);
  return to;
}

dnnl::primitive_attr Builder::NewAttributes() const {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

void Builder::AddPrimitive(const Op& op, const PrimitiveDesc& desc,
                           std::vector<Argument> arguments) {
  const std::string_view kernel = desc.impl_info_str();
  if (kernel.find("ref") != std::string_view::npos) {
    Warn(op, fmt::format("oneDNN has only its plain kernel {} for {}", kernel,
                         ToString(ShapeOf(op.HasInput(0) ? op.inputs[0] : op.outputs[0]))));
  }
  // The primitive may be an equal one of oneDNN's cache, which another thread has made by a
  // description of its own; the two may differ in the scratchpad that they ask for.
  const dnnl::primitive primitive(desc.get());
  const Desc scratchpad = OwnDescOf(primitive).scratchpad_desc();
  if (scratchpad.get_size() > 0) {
    arguments.push_back({DNNL_ARG_SCRATCHPAD, Memory(scratchpad, nullptr)});
    ReserveScratchpad(scratchpad.get_size());
  }
  AddStep(op, std::make_unique<PrimitiveStep>(OpName(op), primitive, std::move(arguments)));
}

void Builder::AddReorder(const Op& op, const dnnl::memory& from, const dnnl::memory& to) {
  const dnnl::reorder::primitive_desc desc(engine_, from.get_desc(), engine_, to.get_desc(),
                                           NewAttributes());
  AddPrimitive(op, desc, {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
}

void Builder::Warn(const Op& op, std::string_view reason) {
  parts_.warnings.push_back(fmt::format("{}: {}", OpName(op), reason));
}

void Builder::Watch(size_t first, const FusedOp& fused) {
  const Op& last = graph_.op(fused.chain.back());
  FloatWatch::Step watched{.op = graph_.op(fused.chain[0]).name, .clips = DefOf(last).Is(kClips)};
  const ValueId id = last.HasOutput(0) ? last.outputs[0] : kNoValue;
  if (first < steps() && id != kNoValue && graph_.value(id).dtype == DType::kF32) {
    const auto elements = static_cast<size_t>(ShapeOf(id).elements());
    watched.made = {reinterpret_cast<const float*>(Data(id)), elements};
  }
  for (size_t step = first; step < steps(); ++step) parts_.steps[step].watched = watched;
}

Parts Builder::Finish() {
  Take(for_run_, "what a step needs while it runs");
  std::byte* const scratchpad = parts_.activations.Take(scratchpad_size_);
  for (const PlannedStep& planned : parts_.steps) planned.step->UseScratchpad(scratchpad);
  return std::move(parts_);
}

void ReorderNow(const dnnl::memory& from, const dnnl::memory& to) {
  dnnl::stream stream(from.get_engine());
  dnnl::memory source = from, target = to;
  dnnl::reorder(source, target).execute(stream, source, target);
  stream.wait();
}

std::string OpName(const Op& op) { return fmt::format("op '{}' ({})", op.name, Name(op.type)); }

}  // namespace disco::onednn
