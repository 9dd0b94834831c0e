// SPDX-License-Identifier: Apache-2.0
#include "disco/kernel/onednn/emit.h"

namespace disco::onednn {
namespace {

constexpr auto kFloat = dnnl::memory::data_type::f32;

// [outer, inner] with all axes from `axis` on in inner. Channels last that is possible when inner
// holds all features and positions of an image: their order does not matter to a sum.
Result<Desc> TwoAxes(const Emission& e, int axis) {
  const Shape& shape = e.builder.ShapeOf(e.input(0));
  if (!e.builder.LiesPlain(e.input(0)) && axis > 1)
    return e.Unsupported("normalises over part of an image");
  return Desc({shape.elements(0, axis), shape.elements(axis, shape.rank())}, kFloat,
              dnnl::memory::format_tag::ab);
}

}  // namespace

Status EmitSoftmax(const Emission& e) {
  Builder& builder = e.builder;
  const auto& params = e.op().as<SoftmaxParams>();
  DISCO_ASSIGN(int axis, NormalizeAxis(params.axis, builder.ShapeOf(e.input(0)).rank()));
  Desc source = builder.DescOf(e.input(0)), target = builder.DescOf(e.output());
  if (params.over_all_from_axis) {
    DISCO_ASSIGN(source, TwoAxes(e, axis));
    target = source;
    axis = 1;
  }
  const PrimitiveDesc desc =
      MakeSoftmax({builder.engine(), builder.NewAttributes()}, source, target, axis);
  builder.AddPrimitive(e.op(), desc,
                       {{DNNL_ARG_SRC, builder.Memory(source, builder.Data(e.input(0)))},
                        {DNNL_ARG_DST, builder.Memory(target, builder.Data(e.output()))}});
  return {};
}

Status EmitLrn(const Emission& e) {
  Builder& builder = e.builder;
  const auto& params = e.op().as<LrnParams>();
  if (params.size % 2 == 0)
    return e.Unsupported("oneDNN takes an even neighbourhood otherwise than ONNX");
  const PrimitiveDesc desc =
      MakeLrn({builder.engine(), builder.NewAttributes()}, builder.DescOf(e.input(0)),
              builder.DescOf(e.output()), {params.size, params.alpha, params.beta, params.bias});
  builder.AddPrimitive(
      e.op(), desc,
      {{DNNL_ARG_SRC, builder.MemoryOf(e.input(0))}, {DNNL_ARG_DST, builder.MemoryOf(e.output())}});
  return {};
}

Status EmitBatchNormalization(const Emission& e) {
  Builder& builder = e.builder;
  const auto& params = e.op().as<BatchNormParams>();
  if (params.training || e.op().outputs.size() > 1) return e.Unsupported("is in training form");
  const PrimitiveDesc desc = MakeBatchNormalization({builder.engine(), builder.NewAttributes()},
                                                    builder.DescOf(e.input(0)),
                                                    builder.DescOf(e.output()), params.epsilon);
  builder.AddPrimitive(e.op(), desc,
                       {{DNNL_ARG_SRC, builder.MemoryOf(e.input(0))},
                        {DNNL_ARG_SCALE, builder.MemoryOf(e.input(1))},
                        {DNNL_ARG_SHIFT, builder.MemoryOf(e.input(2))},
                        {DNNL_ARG_MEAN, builder.MemoryOf(e.input(3))},
                        {DNNL_ARG_VARIANCE, builder.MemoryOf(e.input(4))},
                        {DNNL_ARG_DST, builder.MemoryOf(e.output())}});
  return {};
}

}  // namespace disco::onednn
