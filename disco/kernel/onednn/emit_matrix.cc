// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "disco/kernel/onednn/emit.h"
#include "disco/tensor/slice.h"

namespace disco::onednn {
namespace {

// A product target = source weights + bias, all seen with the same number of axes.
struct Product {
  Desc source, weights, target;
  Tensor scaled_weights, bias;  // no elements: the weights as they are, no bias
};

bool IsEmpty(const Tensor& tensor) { return tensor.elements() == 0; }

int64_t LastExtent(const Shape& shape) { return shape.rank() == 0 ? 1 : shape[shape.rank() - 1]; }

// `epilogue` holds the sums; the activation is added here.
Status EmitProduct(const Emission& e, const Product& product, Epilogue epilogue) {
  Builder& builder = e.builder;
  DISCO_TRY(AddActivation(e, epilogue));
  const ValueId weights = e.input(1);
  const bool packs = e.graph().IsConstant(weights);
  const auto dims = DimsOf(product.weights);
  const Desc wanted = packs ? Desc(dims, kFloat, dnnl::memory::format_tag::any) : product.weights;
  const dnnl::memory::dims bias_dims = {1, IsEmpty(product.bias) ? 1 : product.bias.elements()};
  const Desc bias =
      IsEmpty(product.bias) ? Desc() : Desc(bias_dims, kFloat, dnnl::memory::format_tag::ab);
  dnnl::primitive_attr attributes = builder.NewAttributes();
  attributes.set_post_ops(epilogue.post_ops);
  const PrimitiveDesc desc =
      MakeMatMul({builder.engine(), attributes}, product.source, wanted, bias, product.target);

  const Desc packed = desc.query_md(dnnl::query::weights_md);
  std::vector<Argument> arguments = std::move(epilogue.arguments);
  arguments.push_back({DNNL_ARG_SRC, builder.Memory(product.source, builder.Data(e.input(0)))});
  arguments.push_back(
      {DNNL_ARG_WEIGHTS, IsEmpty(product.scaled_weights)
                             ? builder.Pack(e.op(), weights, product.weights, packed)
                             : builder.Pack(product.scaled_weights, product.weights, packed)});
  if (!IsEmpty(product.bias))
    arguments.push_back({DNNL_ARG_BIAS, builder.Pack(product.bias, bias, bias)});
  arguments.push_back({DNNL_ARG_DST, builder.Memory(product.target, builder.Data(e.output()))});
  builder.AddPrimitive(e.op(), desc, std::move(arguments));
  return {};
}

Tensor Scaled(const Tensor& tensor, float factor) {
  Tensor result = tensor;
  for (float& element : result.MutableData<float>()) element *= factor;
  return result;
}

// A matrix [rows, columns], read transposed when asked to.
Desc MatrixDesc(const Shape& shape, bool transposed) {
  if (!transposed) return Desc(shape.dims(), kFloat, dnnl::memory::format_tag::ab);
  return Desc({shape[1], shape[0]}, kFloat, dnnl::memory::format_tag::ba);
}

// C of a Gemm: a bias when it is one constant row, else an addend.
Status AddGemmAddend(const Emission& e, Product& product, Epilogue& epilogue) {
  const float beta = e.op().as<GemmParams>().beta;
  const ValueId id = e.input(2);
  const int64_t columns = e.builder.ShapeOf(e.output())[1];
  if (!e.graph().IsConstant(id)) {
    if (beta != 1) return e.Unsupported("beta is not 1 and C is not constant");
    epilogue.Add(e.builder.Memory(BroadcastDesc(e.builder, id, 2), e.builder.Data(id)));
    return {};
  }
  const Tensor scaled = Scaled(*e.graph().value(id).constant, beta);
  const bool row = scaled.elements() == 1 ||
                   (scaled.elements() == columns && LastExtent(scaled.shape()) == columns);
  if (!row) {
    const Desc desc = BroadcastDesc(e.builder, id, 2);
    epilogue.Add(e.builder.Pack(scaled, desc, desc));
    return {};
  }
  product.bias = Tensor(DType::kF32, {columns});
  const auto from = scaled.Data<float>();
  const auto to = product.bias.MutableData<float>();
  for (size_t i = 0; i < to.size(); ++i) to[i] = from[from.size() == 1 ? 0 : i];
  return {};
}

// The matrices of a MatMul operand, with leading axes of extent 1 up to `rank`; a vector is one row
// or column.
Desc StackDesc(const Shape& shape, dnnl::memory::dims strides, int rank, bool vector_is_row) {
  dnnl::memory::dims dims = shape.dims();
  if (dims.size() == 1) {
    dims.insert(vector_is_row ? dims.begin() : dims.end(), 1);
    strides.insert(vector_is_row ? strides.begin() : strides.end(), vector_is_row ? dims[1] : 1);
  }
  const size_t missing = static_cast<size_t>(rank) - dims.size();
  const int64_t size = Shape(dims).elements();
  dims.insert(dims.begin(), missing, 1);
  strides.insert(strides.begin(), missing, size);
  return Desc(dims, kFloat, strides);
}

// X [..., K] times one matrix [K, N], both row-major: the leading axes of X become rows.
bool IsOneMatrix(const Emission& e) {
  const Builder& builder = e.builder;
  const int rank = builder.ShapeOf(e.output()).rank();
  const bool addends_fit = std::ranges::all_of(e.fused.addends, [&](ValueId id) {
    const Shape& shape = builder.ShapeOf(id);
    return builder.LiesPlain(id) &&
           (shape == builder.ShapeOf(e.output()) || shape.elements() == LastExtent(shape));
  });
  return rank > 2 && builder.ShapeOf(e.input(1)).rank() == 2 && builder.LiesPlain(e.input(0)) &&
         builder.LiesPlain(e.output()) && addends_fit;
}

// A row-major value seen as [rows, columns], columns its last axis; a scalar as [1, 1].
Desc RowsDesc(const Shape& shape) {
  return Desc({shape.elements() / LastExtent(shape), LastExtent(shape)}, kFloat,
              dnnl::memory::format_tag::ab);
}

Status EmitGemm(const Emission& e) {
  const auto& params = e.op().as<GemmParams>();
  const Builder& builder = e.builder;
  Product product{MatrixDesc(builder.ShapeOf(e.input(0)), params.transpose_a),
                  MatrixDesc(builder.ShapeOf(e.input(1)), params.transpose_b),
                  MatrixDesc(builder.ShapeOf(e.output()), false),
                  {},
                  {}};
  if (params.alpha != 1) {
    const Tensor* weights = e.graph().ConstantInput(e.op(), 1);
    if (weights == nullptr) return e.Unsupported("alpha is not 1 and B is not constant");
    product.scaled_weights = Scaled(*weights, params.alpha);
  }
  Epilogue sums;
  AddSums(e, [&](ValueId addend) { return BroadcastDesc(builder, addend, 2); }, sums);
  if (e.op().HasInput(2)) DISCO_TRY(AddGemmAddend(e, product, sums));
  return EmitProduct(e, product, std::move(sums));
}

Status EmitMatMul(const Emission& e) {
  const Builder& builder = e.builder;
  if (IsOneMatrix(e)) {
    const Product product{RowsDesc(builder.ShapeOf(e.input(0))),
                          MatrixDesc(builder.ShapeOf(e.input(1)), false),
                          RowsDesc(builder.ShapeOf(e.output())),
                          {},
                          {}};
    Epilogue sums;
    AddSums(e, [&](ValueId addend) { return RowsDesc(builder.ShapeOf(addend)); }, sums);
    return EmitProduct(e, product, std::move(sums));
  }
  const int rank_a = builder.ShapeOf(e.input(0)).rank(),
            rank_b = builder.ShapeOf(e.input(1)).rank();
  const int rank = std::max({rank_a, rank_b, 2});
  if (rank_a == 1 || rank_b == 1) {
    if (!e.fused.addends.empty())
      return e.Unsupported("a vector is multiplied and something is added");
  }
  const auto shape = [&](size_t slot) { return builder.ShapeOf(e.input(slot)); };
  const Desc source = StackDesc(shape(0), builder.Strides(e.input(0)), rank, true);
  const Desc weights = StackDesc(shape(1), builder.PackStrides(e.input(1)), rank, false);
  const dnnl::memory::dims right = DimsOf(weights);
  dnnl::memory::dims dims = DimsOf(source);
  for (size_t axis = 0; axis + 2 < dims.size(); ++axis)
    dims[axis] = std::max(dims[axis], right[axis]);
  dims.back() = right.back();
  const ValueId output = e.output();
  const Desc target = builder.LiesPlain(output)
                          ? Desc(dims, kFloat, Shape(dims).strides())
                          : StackDesc(builder.ShapeOf(output), builder.Strides(output), rank, true);
  Epilogue sums;
  AddSums(e, [&](ValueId addend) { return BroadcastDesc(builder, addend, rank); }, sums);
  return EmitProduct(e, {source, weights, target, {}, {}}, std::move(sums));
}

}  // namespace

std::span<const EmitterEntry> MatrixEmitters() {
  static constexpr EmitterEntry kEntries[] = {
      {OpType::kGemm, {EmitGemm}},
      {OpType::kMatMul, {EmitMatMul}},
  };
  return kEntries;
}

}  // namespace disco::onednn
