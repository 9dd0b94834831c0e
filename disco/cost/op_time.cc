// SPDX-License-Identifier: Apache-2.0
#include "disco/cost/op_time.h"

#include "disco/op/op_def.h"
#include "disco/op/op_name.h"
#include "disco/op/work.h"
#include "disco/rewrite/fuse.h"

namespace disco {
namespace {

OpKind KindOf(const Graph& graph, const Op& op) {
  const OpDef& def = DefOf(op);
  if (!def.Is(kProduct)) return OpKind::kMove;
  if (!def.Is(kWindowed)) return OpKind::kMatrix;
  if (op.as<ConvParams>().group > 1) return OpKind::kDepthwise;
  const Shape& weights = graph.value(op.inputs[1]).shape;
  return weights.elements(2, weights.rank()) == 1 ? OpKind::kPoint : OpKind::kWindow;
}

}  // namespace

std::string_view Name(OpKind kind) {
  constexpr std::array<std::string_view, kOpKinds.size()> kNames = {"point", "window", "depthwise",
                                                                    "matrix", "move"};
  return kNames[static_cast<size_t>(kind)];
}

OpWork WorkOf(const Graph& graph, const Op& op) {
  if (DefOf(op).Is(kTakesNoTime)) return {.takes_time = false};
  OpWork work{.kind = KindOf(graph, op), .macs = MacsOf(graph, op)};
  for (size_t slot = 0; slot < op.inputs.size(); ++slot) {
    if (!op.HasInput(slot) || IsParameterSlot(op.type, slot)) continue;
    const bool weight = graph.IsConstant(op.inputs[slot]) && work.kind != OpKind::kMove;
    (weight ? work.weights : work.activations) += SizeOf(graph.value(op.inputs[slot]));
  }
  for (size_t slot = 0; slot < op.outputs.size(); ++slot) {
    if (op.HasOutput(slot)) work.activations += SizeOf(graph.value(op.outputs[slot]));
  }
  return work;
}

std::vector<OpWork> WorkOf(const Graph& graph) {
  std::vector<OpWork> works(graph.ops.size(), OpWork{.takes_time = false});
  for (const FusedOp& fused : Fuse(graph)) {
    OpWork& work = works[static_cast<size_t>(fused.chain[0])];
    work = WorkOf(graph, graph.op(fused.chain[0]));
    for (const ValueId addend : fused.addends) work.activations += SizeOf(graph.value(addend));
  }
  return works;
}

Milliseconds OpTime(const OpWork& work, const NodeSpeed& speed) {
  if (!work.takes_time) return Milliseconds(0);
  const KindSpeed& kind = speed.of(work.kind);
  return kind.overhead + kind.rate.Time(static_cast<double>(work.macs.value)) +
         kind.weights.Time(static_cast<double>(work.weights.value)) +
         kind.activations.Time(static_cast<double>(work.activations.value));
}

Milliseconds OpTime(const Graph& graph, const Op& op, const NodeSpeed& speed) {
  return OpTime(WorkOf(graph, op), speed);
}

Milliseconds GraphTime(const Graph& graph, const NodeSpeed& speed) {
  Milliseconds total{0};
  for (const OpWork& work : WorkOf(graph)) total += OpTime(work, speed);
  return total;
}

}  // namespace disco
