// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "disco/kernel/onednn/emit.h"
#include "disco/op/op_name.h"

namespace disco::onednn {
namespace {

Result<float> BoundOf(const Graph& graph, const Op& op, size_t slot, float fallback) {
  if (!op.HasInput(slot)) return fallback;
  const Tensor* bound = graph.ConstantInput(op, slot);
  if (bound == nullptr || bound->dtype() != DType::kF32 || bound->elements() != 1) {
    return OpError(op, ErrorKind::kInvalid, "input {} has to be one constant float32", slot);
  }
  return bound->Data<float>()[0];
}

// How each activation is computed.
Result<Eltwise> ClipOf(const Graph& graph, const Op& op) {
  constexpr float kMost = std::numeric_limits<float>::max();
  DISCO_ASSIGN(const float least, BoundOf(graph, op, 1, -kMost));
  DISCO_ASSIGN(const float most, BoundOf(graph, op, 2, kMost));
  return Eltwise{dnnl::algorithm::eltwise_clip, least, most};
}
Result<Eltwise> HardSwishOf(const Graph&, const Op&) {
  return Eltwise{dnnl::algorithm::eltwise_hardswish, 1.0f / 6, 0.5f};
}
Result<Eltwise> LeakyReluOf(const Graph&, const Op& op) {
  return Eltwise{dnnl::algorithm::eltwise_relu, op.as<LeakyReluParams>().alpha, 0};
}
Result<Eltwise> ReluOf(const Graph&, const Op&) {
  return Eltwise{dnnl::algorithm::eltwise_relu, 0, 0};
}
Result<Eltwise> SigmoidOf(const Graph&, const Op&) {
  return Eltwise{dnnl::algorithm::eltwise_logistic, 0, 0};
}

}  // namespace

Result<Eltwise> EltwiseOf(const Graph& graph, const Op& op) {
  const Emitter* emitter = FindEmitter(op.type);
  if (emitter != nullptr && emitter->eltwise != nullptr) return emitter->eltwise(graph, op);
  return OpError(op, ErrorKind::kUnsupported, "is no activation");
}

Desc BroadcastDesc(const Builder& builder, ValueId id, int rank) {
  dnnl::memory::dims dims = builder.ShapeOf(id).dims(), strides = builder.Strides(id);
  const size_t missing = static_cast<size_t>(rank) - dims.size();
  const int64_t size = builder.ShapeOf(id).elements();
  dims.insert(dims.begin(), missing, 1);
  strides.insert(strides.begin(), missing, size);
  return Desc(dims, kFloat, strides);
}

void Epilogue::Add(const dnnl::memory& addend) {
  post_ops.append_binary(dnnl::algorithm::binary_add, addend.get_desc());
  arguments.push_back(
      {DNNL_ARG_ATTR_MULTIPLE_POST_OP(post_ops.len() - 1) | DNNL_ARG_SRC_1, addend});
}

void AddSums(const Emission& e, const std::function<Desc(ValueId)>& addend_desc,
             Epilogue& epilogue) {
  const auto in_place = e.builder.SummedInPlace(e.step);
  if (in_place) epilogue.post_ops.append_sum(1.0f);
  for (size_t i = 0; i < e.fused.addends.size(); ++i) {
    const ValueId addend = e.fused.addends[i];
    if (in_place != i) epilogue.Add(e.builder.Memory(addend_desc(addend), e.builder.Data(addend)));
  }
}

Status AddActivation(const Emission& e, Epilogue& epilogue) {
  if (!e.fused.activation) return {};
  DISCO_ASSIGN(const Eltwise eltwise, EltwiseOf(e.graph(), e.graph().op(*e.fused.activation)));
  AppendEltwise(epilogue.post_ops, eltwise);
  return {};
}

namespace {

Status EmitActivation(const Emission& e) {
  Builder& builder = e.builder;
  DISCO_ASSIGN(const Eltwise eltwise, EltwiseOf(e.graph(), e.op()));
  const PrimitiveDesc desc = MakeEltwise({builder.engine(), builder.NewAttributes()}, eltwise,
                                         builder.DescOf(e.input(0)), builder.DescOf(e.output()));
  builder.AddPrimitive(
      e.op(), desc,
      {{DNNL_ARG_SRC, builder.MemoryOf(e.input(0))}, {DNNL_ARG_DST, builder.MemoryOf(e.output())}});
  return {};
}

template <dnnl::algorithm kAlgorithm>
Status EmitBinary(const Emission& e) {
  Builder& builder = e.builder;
  // oneDNN is fast when only its second operand broadcasts.
  const bool swap = builder.ShapeOf(e.input(0)) != builder.ShapeOf(e.output());
  const ValueId a = e.input(swap ? 1 : 0), b = e.input(swap ? 0 : 1);
  const int rank = std::max(1, builder.ShapeOf(e.output()).rank());
  const Desc a_desc = BroadcastDesc(builder, a, rank), b_desc = BroadcastDesc(builder, b, rank);
  const PrimitiveDesc desc = MakeBinary({builder.engine(), builder.NewAttributes()}, kAlgorithm,
                                        a_desc, b_desc, builder.DescOf(e.output()));
  builder.AddPrimitive(e.op(), desc,
                       {{DNNL_ARG_SRC_0, builder.Memory(a_desc, builder.Data(a))},
                        {DNNL_ARG_SRC_1, builder.Memory(b_desc, builder.Data(b))},
                        {DNNL_ARG_DST, builder.MemoryOf(e.output())}});
  return {};
}

}  // namespace

std::span<const EmitterEntry> ElementwiseEmitters() {
  static constexpr EmitterEntry kEntries[] = {
      {OpType::kAdd, {EmitBinary<dnnl::algorithm::binary_add>}},
      {OpType::kClip, {EmitActivation, ClipOf}},
      {OpType::kHardSwish, {EmitActivation, HardSwishOf}},
      {OpType::kLeakyRelu, {EmitActivation, LeakyReluOf}},
      {OpType::kMul, {EmitBinary<dnnl::algorithm::binary_mul>}},
      {OpType::kRelu, {EmitActivation, ReluOf}},
      {OpType::kSigmoid, {EmitActivation, SigmoidOf}},
  };
  return kEntries;
}

}  // namespace disco::onednn
