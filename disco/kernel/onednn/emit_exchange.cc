// SPDX-License-Identifier: Apache-2.0
#include "disco/kernel/onednn/emit.h"

namespace disco::onednn {
namespace {

// Whether one payload is all there is of the value, as it is computed with.
bool IsAlone(const Op& op) {
  const auto& params = op.as<ReceiveParams>();
  return !op.HasInput(0) && params.sources.size() == 1 && params.wire.type == WireType::kF32;
}

Status EmitSend(const Emission& e) {
  DISCO_ASSIGN(PayloadIndex index, SendIndex(e.graph(), e.op(), e.builder.Strides(e.input(0))));
  const auto* value = reinterpret_cast<const float*>(e.builder.Data(e.input(0)));
  e.builder.ReserveScratchpad(index.size_bytes());
  e.builder.AddStep(e.op(), std::make_unique<SendStep>(e.op(), std::move(index), value),
                    StepKind::kSend);
  return {};
}

Status EmitReceive(const Emission& e) {
  Builder& builder = e.builder;
  // Own features first: they are copied while the others travel.
  if (e.op().HasInput(0)) EmitBlock(e, e.input(0), builder.Data(e.output()));
  DISCO_ASSIGN(std::vector<PayloadIndex> indices,
               ReceiveIndices(e.graph(), e.op(), builder.Strides(e.output())));
  const int axis = e.op().as<ReceiveParams>().axis;
  const Shape& shape = builder.ShapeOf(e.output());
  const bool channels_last = builder.LayoutOf(e.output()) == Layout::kChannelsLast && axis == 1;
  const bool features_last =
      builder.LayoutOf(e.output()) == Layout::kPlain && shape.elements(axis + 1, shape.rank()) == 1;
  auto* value = reinterpret_cast<float*>(builder.Data(e.output()));
  for (const PayloadIndex& index : indices) builder.ReserveScratchpad(index.size_bytes());
  const bool straight = IsAlone(e.op()) && (channels_last || features_last);
  builder.AddStep(e.op(),
                  std::make_unique<ReceiveStep>(e.op(), std::move(indices), value, straight),
                  StepKind::kReceive);
  return {};
}

}  // namespace

std::span<const EmitterEntry> ExchangeEmitters() {
  static constexpr EmitterEntry kEntries[] = {
      {OpType::kReceive, {EmitReceive}},
      {OpType::kSend, {EmitSend}},
  };
  return kEntries;
}

}  // namespace disco::onednn
