// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "disco/kernel/reference/ops.h"
#include "disco/tensor/slice.h"

namespace disco::reference {
namespace {

// A matrix of float32 that may stand transposed in memory.
struct Matrix {
  const float* data;
  int64_t row_stride, column_stride;
  double At(int64_t row, int64_t column) const {
    return static_cast<double>(data[row * row_stride + column * column_stride]);
  }
};
struct MatrixSizes {
  int64_t rows, inner, columns;
};

// products [rows, columns] = a [rows, inner] b [inner, columns]
Status Multiply(const Call& call, const Matrix& a, const Matrix& b, const MatrixSizes& sizes,
                std::vector<double>& products) {
  constexpr int64_t kSeldom = 64;
  std::fill(products.begin(), products.end(), 0.0);
  std::vector<double> b_row(static_cast<size_t>(sizes.columns));
  for (int64_t k = 0; k < sizes.inner; ++k) {
    if (k % kSeldom == 0) DISCO_TRY(call.GoOn());
    for (int64_t j = 0; j < sizes.columns; ++j) b_row[static_cast<size_t>(j)] = b.At(k, j);
    for (int64_t i = 0; i < sizes.rows; ++i) {
      const double x = a.At(i, k);
      double* row = products.data() + i * sizes.columns;
      for (int64_t j = 0; j < sizes.columns; ++j) row[j] += x * b_row[static_cast<size_t>(j)];
    }
  }
  return {};
}

Matrix MatrixOf(const Tensor& tensor, bool transposed) {
  const int64_t width = tensor.shape()[1];
  return {tensor.Data<float>().data(), transposed ? 1 : width, transposed ? width : 1};
}

// Offsets of the matrices of a stack [B..., r, c] that broadcasts to `batch`, in stack order.
std::vector<int64_t> MatrixOffsets(const Shape& stack, const Shape& batch) {
  const Shape own(std::vector<int64_t>(stack.begin(), stack.end() - 2));
  const int64_t size = stack.elements(own.rank(), stack.rank());
  const std::vector<int64_t> strides = BroadcastStrides(own, batch);
  std::vector<int64_t> offsets;
  for (int64_t index = 0; index < batch.elements(); ++index) {
    int64_t rest = index, offset = 0;
    for (int axis = batch.rank(); axis-- > 0;) {
      offset += rest % batch[axis] * strides[static_cast<size_t>(axis)];
      rest /= batch[axis];
    }
    offsets.push_back(offset * size);
  }
  return offsets;
}

Outputs Gemm(const Call& call) {
  DISCO_TRY(RequireFloat(call));
  const auto& params = call.op.as<GemmParams>();
  Tensor result = call.NewOutput();
  const Shape& shape = result.shape();
  const MatrixSizes sizes{shape[0], call.in(0).shape()[params.transpose_a ? 0 : 1], shape[1]};
  std::vector<double> products(static_cast<size_t>(shape.elements()));
  DISCO_TRY(Multiply(call, MatrixOf(call.in(0), params.transpose_a),
                     MatrixOf(call.in(1), params.transpose_b), sizes, products));

  const auto addend = call.Has(2) ? call.in(2).Data<float>() : std::span<const float>();
  const auto strides =
      call.Has(2) ? BroadcastStrides(call.in(2).shape(), shape) : std::vector<int64_t>{0, 0};
  const auto y = result.MutableData<float>();
  for (int64_t i = 0; i < shape[0]; ++i) {
    for (int64_t j = 0; j < shape[1]; ++j) {
      const auto at = static_cast<size_t>(i * shape[1] + j);
      const float c =
          call.Has(2) ? addend[static_cast<size_t>(i * strides[0] + j * strides[1])] : 0.0f;
      y[at] = static_cast<float>(static_cast<double>(params.alpha) * products[at] +
                                 static_cast<double>(params.beta) * static_cast<double>(c));
    }
  }
  return std::vector{result};
}

Outputs MatMul(const Call& call) {
  DISCO_TRY(RequireFloat(call));
  std::vector<int64_t> a = call.in(0).shape().dims(), b = call.in(1).shape().dims();
  if (a.size() == 1) a.insert(a.begin(), 1);
  if (b.size() == 1) b.push_back(1);
  DISCO_ASSIGN(const Shape batch,
               BroadcastShapes(Shape(std::vector<int64_t>(a.begin(), a.end() - 2)),
                               Shape(std::vector<int64_t>(b.begin(), b.end() - 2))));
  const MatrixSizes sizes{a[a.size() - 2], a.back(), b.back()};
  const std::vector<int64_t> a_offsets = MatrixOffsets(Shape(a), batch),
                             b_offsets = MatrixOffsets(Shape(b), batch);
  Tensor result = call.NewOutput();
  float* y = result.MutableData<float>().data();
  std::vector<double> products(static_cast<size_t>(sizes.rows * sizes.columns));
  for (size_t i = 0; i < a_offsets.size(); ++i) {
    DISCO_TRY(Multiply(call, {call.in(0).Data<float>().data() + a_offsets[i], sizes.inner, 1},
                       {call.in(1).Data<float>().data() + b_offsets[i], sizes.columns, 1}, sizes,
                       products));
    y = std::transform(products.begin(), products.end(), y,
                       [](double sum) { return static_cast<float>(sum); });
  }
  return std::vector{result};
}

// A stack of matrices has two offsets for each, and may have one element.
Bytes MatMulBytes(const Graph& graph, const Op& op) { return ValueBytes(graph, op) * 3; }

}  // namespace

std::span<const KernelEntry> MatrixKernels() {
  static constexpr KernelEntry kEntries[] = {
      {OpType::kGemm, {Gemm}},
      {OpType::kMatMul, {MatMul, MatMulBytes}},
  };
  return kEntries;
}

}  // namespace disco::reference
