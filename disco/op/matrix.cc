// SPDX-License-Identifier: Apache-2.0
#include "disco/op/batch_axes.h"
#include "disco/op/families.h"
#include "disco/op/infer_shapes.h"
#include "disco/op/mixing_rule.h"
#include "disco/op/op_name.h"
#include "disco/op/output_types.h"

namespace disco {
namespace {

Result<Shape> GemmShape(const Graph& graph, const Op& op) {
  const Shape& a = InputShape(graph, op);
  const Shape& b = InputShape(graph, op, 1);
  const auto& params = op.as<GemmParams>();
  if (a.rank() != 2 || b.rank() != 2 ||
      a[params.transpose_a ? 0 : 1] != b[params.transpose_b ? 1 : 0]) {
    return OpError(op, ErrorKind::kInvalid, "cannot multiply {} by {}", ToString(a), ToString(b));
  }
  Shape shape{a[params.transpose_a ? 1 : 0], b[params.transpose_b ? 0 : 1]};
  if (op.HasInput(2)) {
    const auto sum = BroadcastShapes(shape, InputShape(graph, op, 2));
    if (!sum || *sum != shape) {
      return OpError(op, ErrorKind::kInvalid, "cannot add {} to {}",
                     ToString(InputShape(graph, op, 2)), ToString(shape));
    }
  }
  return shape;
}

void GemmFields(FieldVisitor& visitor, OpParams& params) {
  auto& gemm = std::get<GemmParams>(params);
  visitor.Float("alpha", gemm.alpha);
  visitor.Float("beta", gemm.beta);
  visitor.Flag("transA", gemm.transpose_a);
  visitor.Flag("transB", gemm.transpose_b);
}

int64_t GemmDepth(const Graph& graph, const Op& op) {
  return InputShape(graph, op)[op.as<GemmParams>().transpose_a ? 0 : 1];
}

std::optional<MixingWeights> GemmMixing(const Graph& graph, const Op& op) {
  const auto& params = op.as<GemmParams>();
  if (params.transpose_a || !graph.IsConstant(op.inputs[1]) || graph.IsConstant(op.inputs[0]))
    return std::nullopt;
  return params.transpose_b ? MixingWeights{0, 1} : MixingWeights{1, 0};
}

FeatureRule GemmFeatures(const FeatureQuery& query) { return MixingFeatures(query, {1, 1}); }

Result<Shape> MatMulShape(const Graph& graph, const Op& op) {
  std::vector<int64_t> a = InputShape(graph, op).dims();
  std::vector<int64_t> b = InputShape(graph, op, 1).dims();
  const bool vector_a = a.size() == 1, vector_b = b.size() == 1;
  if (vector_a) a.insert(a.begin(), 1);
  if (vector_b) b.push_back(1);
  auto wrong = [&] {
    return OpError(op, ErrorKind::kInvalid, "cannot multiply {} by {}",
                   ToString(InputShape(graph, op)), ToString(InputShape(graph, op, 1)));
  };
  if (a.size() < 2 || b.size() < 2 || a.back() != b[b.size() - 2]) return wrong();
  const auto batch = BroadcastShapes(Shape(std::vector<int64_t>(a.begin(), a.end() - 2)),
                                     Shape(std::vector<int64_t>(b.begin(), b.end() - 2)));
  if (!batch) return wrong();
  std::vector<int64_t> dims = batch->dims();
  if (!vector_a) dims.push_back(a[a.size() - 2]);
  if (!vector_b) dims.push_back(b.back());
  return Shape(std::move(dims));
}

int64_t MatMulDepth(const Graph& graph, const Op& op) {
  const Shape& a = InputShape(graph, op);
  return a[a.rank() - 1];
}

std::optional<MixingWeights> MatMulMixing(const Graph& graph, const Op& op) {
  if (!graph.IsConstant(op.inputs[1]) || InputShape(graph, op, 1).rank() != 2 ||
      InputShape(graph, op).rank() < 2)
    return std::nullopt;
  return MixingWeights{1, 0};
}

FeatureRule MatMulFeatures(const FeatureQuery& query) {
  return MixingFeatures(query, {query.InputShape().rank() - 1, query.OutputShape().rank() - 1});
}

// A batch of 1 in the addend would broadcast over another axis of the product.
bool GemmMixesBatch(const BatchAxes& axes) { return axes.BroadcastsBatch(2); }

}  // namespace

std::span<const OpDef> MatrixOps() {
  static const std::vector<OpDef> defs = {
      {.type = OpType::kGemm,
       .name = "Gemm",
       .arity = {2, 3, 1},
       .traits = kProduct,
       .defaults = GemmParams{},
       .fields = GemmFields,
       .infer = OneOutput<GemmShape>,
       .depth = GemmDepth,
       .mixing = GemmMixing,
       .features = GemmFeatures,
       .mixes_batch = GemmMixesBatch},
      {.type = OpType::kMatMul,
       .name = "MatMul",
       .arity = {2, 2, 1},
       .traits = kProduct,
       .infer = OneOutput<MatMulShape>,
       .depth = MatMulDepth,
       .mixing = MatMulMixing,
       .features = MatMulFeatures,
       .mixes_batch = StaysApart},
  };
  return defs;
}

}  // namespace disco
