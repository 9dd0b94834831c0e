// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "disco/kernel/onednn/emit.h"

namespace disco::onednn {
namespace {

// [outer, inner] with all axes from `axis` on in inner. Channels last that is possible when inner
// holds all features and positions of an image: their order does not matter to a sum.
Result<Desc> TwoAxes(const Emission& e, int axis) {
  const Shape& shape = e.builder.ShapeOf(e.input(0));
  if (!e.builder.LiesPlain(e.input(0)) && axis > 1)
    return e.Unsupported("normalises over part of an image");
  return Desc({shape.elements(0, axis), shape.elements(axis, shape.rank())}, kFloat,
              dnnl::memory::format_tag::ab);
}

// Y = factor * X + shift, one of each per feature.
struct Line {
  Tensor factor, shift;
};

// A BatchNormalization of constant parameters is a line.
std::optional<Line> LineOf(const Graph& graph, const Op& op) {
  std::span<const float> given[4];  // scale, bias, mean, variance
  for (size_t i = 0; i < 4; ++i) {
    const Tensor* tensor = graph.ConstantInput(op, i + 1);
    if (tensor == nullptr) return std::nullopt;
    given[i] = tensor->Data<float>();
  }
  const Shape shape{static_cast<int64_t>(given[0].size())};
  Line line{Tensor(DType::kF32, shape), Tensor(DType::kF32, shape)};
  const auto factor = line.factor.MutableData<float>(), shift = line.shift.MutableData<float>();
  for (size_t c = 0; c < factor.size(); ++c) {
    factor[c] = given[0][c] / std::sqrt(given[3][c] + op.as<BatchNormParams>().epsilon);
    shift[c] = given[1][c] - given[2][c] * factor[c];
  }
  return line;
}

Status EmitLine(const Emission& e, const Line& line) {
  Builder& builder = e.builder;
  dnnl::memory::dims dims(static_cast<size_t>(builder.ShapeOf(e.input(0)).rank()), 1);
  dims[1] = line.factor.elements();
  const Desc per_feature(dims, kFloat, StridesOf(Shape(dims), builder.LayoutOf(e.input(0))));
  Epilogue epilogue;
  epilogue.Add(builder.Pack(line.shift, per_feature, per_feature));
  dnnl::primitive_attr attributes = builder.NewAttributes();
  attributes.set_post_ops(epilogue.post_ops);
  const PrimitiveDesc desc =
      MakeBinary({builder.engine(), attributes}, dnnl::algorithm::binary_mul,
                 builder.DescOf(e.input(0)), per_feature, builder.DescOf(e.output()));
  std::vector<Argument> arguments = std::move(epilogue.arguments);
  arguments.push_back({DNNL_ARG_SRC_0, builder.MemoryOf(e.input(0))});
  arguments.push_back({DNNL_ARG_SRC_1, builder.Pack(line.factor, per_feature, per_feature)});
  arguments.push_back({DNNL_ARG_DST, builder.MemoryOf(e.output())});
  builder.AddPrimitive(e.op(), desc, std::move(arguments));
  return {};
}

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

// Whether a value that broadcasts to `shape` has one number for each element of its axes from
// `axis` on.
bool IsOneRow(const Shape& row, const Shape& shape, int axis) {
  if (row.elements() != shape.elements(axis, shape.rank())) return false;
  for (int from_last = 1; from_last <= shape.rank() - axis; ++from_last) {
    const int64_t extent = shape[shape.rank() - from_last];
    const bool present = from_last <= row.rank() && row[row.rank() - from_last] == extent;
    if (extent != 1 && !present) return false;
  }
  return true;
}

// Over the last axes of plain values, with a scale and a bias of each element of a row.
Status EmitLayerNormalization(const Emission& e) {
  Builder& builder = e.builder;
  const auto& params = e.op().as<LayerNormParams>();
  const Shape& shape = builder.ShapeOf(e.input(0));
  if (e.op().HasOutput(1) || e.op().HasOutput(2)) return e.Unsupported("gives its statistics");
  if (!builder.LiesPlain(e.input(0)) || !builder.LiesPlain(e.output()))
    return e.Unsupported("normalises channels-last values");
  DISCO_ASSIGN(const int axis, NormalizeAxis(params.axis, shape.rank()));
  const int64_t extent = shape.elements(axis, shape.rank());
  for (size_t slot = 1; slot < e.op().inputs.size(); ++slot) {
    if (!e.op().HasInput(slot)) continue;
    if (!IsOneRow(builder.ShapeOf(e.input(slot)), shape, axis) || !builder.LiesPlain(e.input(slot)))
      return e.Unsupported("broadcasts its scale or bias");
  }
  const Desc rows({shape.elements(0, axis), extent}, kFloat, dnnl::memory::format_tag::ab);
  const Desc row({extent}, kFloat, dnnl::memory::format_tag::a);
  const dnnl::memory bias = e.op().HasInput(2)
                                ? builder.Memory(row, builder.Data(e.input(2)))
                                : builder.Pack(Tensor(DType::kF32, {extent}), row, row);
  const PrimitiveDesc desc = MakeNormalization({builder.engine(), builder.NewAttributes()},
                                               Normalization::kLayer, rows, rows, params.epsilon);
  builder.AddPrimitive(e.op(), desc,
                       {{DNNL_ARG_SRC, builder.Memory(rows, builder.Data(e.input(0)))},
                        {DNNL_ARG_SCALE, builder.Memory(row, builder.Data(e.input(1)))},
                        {DNNL_ARG_SHIFT, bias},
                        {DNNL_ARG_DST, builder.Memory(rows, builder.Data(e.output()))}});
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
  if (const auto line = LineOf(e.graph(), e.op())) return EmitLine(e, *line);
  const PrimitiveDesc desc =
      MakeNormalization({builder.engine(), builder.NewAttributes()}, Normalization::kBatch,
                        builder.DescOf(e.input(0)), builder.DescOf(e.output()), params.epsilon);
  builder.AddPrimitive(e.op(), desc,
                       {{DNNL_ARG_SRC, builder.MemoryOf(e.input(0))},
                        {DNNL_ARG_SCALE, builder.MemoryOf(e.input(1))},
                        {DNNL_ARG_SHIFT, builder.MemoryOf(e.input(2))},
                        {DNNL_ARG_MEAN, builder.MemoryOf(e.input(3))},
                        {DNNL_ARG_VARIANCE, builder.MemoryOf(e.input(4))},
                        {DNNL_ARG_DST, builder.MemoryOf(e.output())}});
  return {};
}

}  // namespace

std::span<const EmitterEntry> NormalizeEmitters() {
  static constexpr EmitterEntry kEntries[] = {
      {OpType::kBatchNormalization, {EmitBatchNormalization}},
      {OpType::kLayerNormalization, {EmitLayerNormalization}},
      {OpType::kLrn, {EmitLrn}},
      {OpType::kSoftmax, {EmitSoftmax}},
  };
  return kEntries;
}

}  // namespace disco::onednn
