// SPDX-License-Identifier: Apache-2.0
#include "disco/kernel/onednn/emit.h"
#include "disco/op/op_name.h"
#include "disco/op/window.h"

namespace disco::onednn {
namespace {

// All that oneDNN makes another primitive for.
Result<std::string> KindOf(const Emission& e, const ResolvedWindow& window) {
  const Builder& builder = e.builder;
  std::string kind =
      fmt::format("{} {} {} {} {} {} {} {}", ToString(builder.ShapeOf(e.input(0))),
                  ToString(builder.ShapeOf(e.input(1))), ToString(Shape(window.strides)),
                  ToString(Shape(window.dilations)), ToString(Shape(window.pads_begin)),
                  ToString(Shape(window.pads_end)), e.op().HasInput(2),
                  builder.SummedInPlace(e.step).has_value());
  for (const ValueId addend : e.fused.addends) kind += ToString(builder.ShapeOf(addend));
  if (e.fused.activation) {
    const Op& activation = e.graph().op(*e.fused.activation);
    DISCO_ASSIGN(const Eltwise eltwise, EltwiseOf(e.graph(), activation));
    kind += fmt::format("{} {} {}", Name(activation.type), eltwise.alpha, eltwise.beta);
  }
  return kind;
}

}  // namespace

Status TakeBatches(const Emission& e, const PrimitiveDesc& desc) {
  if (!std::string_view(desc.impl_info_str()).starts_with("brg")) return {};
  DISCO_ASSIGN(const ResolvedWindow window, WindowOf(e.graph(), e.op()));
  DISCO_ASSIGN(std::string kind, KindOf(e, window));
  if (!e.builder.IsNew(std::move(kind))) return {};
  constexpr Bytes kKernels{640 << 10}, kColumn{1 << 10}, kWideColumn{4 << 10}, kPadding{4 << 10};
  constexpr int64_t kWide = 16;
  int64_t padding = 0;
  for (const int64_t pad : window.pads_begin) padding += pad;
  for (const int64_t pad : window.pads_end) padding += pad;
  const Bytes columns =
      (window.kernel.back() < kWide ? kColumn : kWideColumn) * window.output.back();
  e.builder.Take(kKernels + columns + kPadding * padding, OpName(e.op()));
  return {};
}

}  // namespace disco::onednn
