// SPDX-License-Identifier: Apache-2.0
// The reference kernels against numbers worked out by hand from ONNX's definitions.
#include "disco/kernel/reference/reference.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "disco/op/infer_shapes.h"

namespace disco {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::Pointwise;

// Runs one op; the first `data` tensors are inputs of the graph, the others constants.
std::vector<Tensor> RunOne(OpType type, const OpParams& params, const std::vector<Tensor>& inputs,
                           size_t data = 1, size_t outputs = 1) {
  Graph graph;
  Op op{"op", type, params, {}, {}};
  for (size_t i = 0; i < inputs.size(); ++i) {
    const std::string name = fmt::format("x{}", i);
    op.inputs.push_back(i < data ? graph.AddValue(name, inputs[i].dtype(), inputs[i].shape())
                                 : graph.AddConstant(name, inputs[i]));
  }
  for (size_t i = 0; i < outputs; ++i) op.outputs.push_back(graph.AddValue(fmt::format("y{}", i)));
  graph.ops.push_back(op);
  const Status inferred = InferShapes(graph);
  EXPECT_TRUE(inferred) << inferred.error().message;
  auto results = RunOp(graph, graph.ops[0], inputs);
  EXPECT_TRUE(results) << results.error().message;
  for (size_t i = 0; i < outputs; ++i) {
    EXPECT_EQ((*results)[i].shape(), graph.value(op.outputs[i]).shape);
    EXPECT_EQ((*results)[i].dtype(), graph.value(op.outputs[i]).dtype);
  }
  return *results;
}

template <class T>
std::vector<T> Elements(const Tensor& tensor) {
  return {tensor.Data<T>().begin(), tensor.Data<T>().end()};
}

// 1, 2, 3...
Tensor Counting(const Shape& shape) {
  Tensor tensor(DType::kF32, shape);
  std::iota(tensor.MutableData<float>().begin(), tensor.MutableData<float>().end(), 1.0f);
  return tensor;
}

TEST(ReferenceTest, ConvPadsStridesAndAddsBias) {
  ConvParams params;
  params.window.pads_begin = {1, 0};
  params.window.pads_end = {0, 0};
  params.window.strides = {1, 2};
  // x: 1 2 3 / 4 5 6 / 7 8 9; w: 1 10 / 100 1000
  const auto y =
      RunOne(OpType::kConv, params,
             {Counting({1, 1, 3, 3}), Tensor::From<float>({1, 1, 2, 2}, {1, 10, 100, 1000}),
              Tensor::From<float>({1}, {0.5f})});
  EXPECT_THAT(Elements<float>(y[0]), ElementsAre(2100.5f, 5421.5f, 8754.5f));
}

TEST(ReferenceTest, ConvGroupsSeeTheirOwnInputsOnly) {
  ConvParams params;
  params.group = 2;
  const auto y = RunOne(OpType::kConv, params,
                        {Counting({1, 4, 1}), Tensor::From<float>({2, 2, 1}, {1, 10, 1, 10})});
  EXPECT_THAT(Elements<float>(y[0]), ElementsAre(21, 43));
}

TEST(ReferenceTest, ConvDilates) {
  ConvParams params;
  params.window.dilations = {2};
  const auto y =
      RunOne(OpType::kConv, params, {Counting({1, 1, 5}), Tensor::From<float>({1, 1, 2}, {1, 10})});
  EXPECT_THAT(Elements<float>(y[0]), ElementsAre(31, 42, 53));
}

TEST(ReferenceTest, MaxPoolIndicesCountOverTheWholeTensor) {
  PoolParams params;
  params.window.kernel = {2, 2};
  const Tensor x = Counting({1, 2, 2, 3});
  const auto row_major = RunOne(OpType::kMaxPool, params, {x}, 1, 2);
  EXPECT_THAT(Elements<float>(row_major[0]), ElementsAre(5, 6, 11, 12));
  EXPECT_THAT(Elements<int64_t>(row_major[1]), ElementsAre(4, 5, 10, 11));
  params.column_major = true;
  const auto column_major = RunOne(OpType::kMaxPool, params, {x}, 1, 2);
  EXPECT_THAT(Elements<int64_t>(column_major[1]), ElementsAre(3, 5, 9, 11));
}

TEST(ReferenceTest, AveragePoolCountsPaddingButNotWhatLiesBeyond) {
  PoolParams params;
  params.window = {{3}, {2}, {}, {1}, {1}, AutoPad::kNotSet};
  params.ceil_mode = true;
  const Tensor x = Counting({1, 1, 4});  // windows: .12  234  4.|  (| ends the padding)
  EXPECT_THAT(Elements<float>(RunOne(OpType::kAveragePool, params, {x})[0]),
              ElementsAre(1.5f, 3, 4));
  params.count_include_pad = true;
  EXPECT_THAT(Elements<float>(RunOne(OpType::kAveragePool, params, {x})[0]), ElementsAre(1, 3, 2));
}

TEST(ReferenceTest, GemmScalesTransposesAndAdds) {
  const auto y = RunOne(OpType::kGemm, GemmParams{2, 10, true, true},
                        {Counting({2, 1}), Counting({3, 2}), Tensor::From<float>({3}, {1, 2, 3})});
  EXPECT_THAT(Elements<float>(y[0]), ElementsAre(20, 42, 64));
}

TEST(ReferenceTest, MatMulBroadcastsStacks) {
  const auto y = RunOne(OpType::kMatMul, {}, {Counting({2, 1, 2}), Counting({2})});
  EXPECT_THAT(Elements<float>(y[0]), ElementsAre(5, 11));
}

TEST(ReferenceTest, BatchNormalizationUsesGivenOrOwnStatistics) {
  const Tensor x = Tensor::From<float>({2, 1, 1}, {1, 3}), two = Tensor::From<float>({1}, {2}),
               one = Tensor::From<float>({1}, {1}), four = Tensor::From<float>({1}, {4});
  const auto given = RunOne(OpType::kBatchNormalization, BatchNormParams{0, 0.9f, false},
                            {x, two, one, one, four});
  EXPECT_THAT(Elements<float>(given[0]), ElementsAre(1, 3));
  const auto own = RunOne(OpType::kBatchNormalization, BatchNormParams{0, 0.75f, true},
                          {x, two, one, one, four}, 1, 3);
  EXPECT_THAT(Elements<float>(own[0]), ElementsAre(-1, 3));
  EXPECT_THAT(Elements<float>(own[1]), ElementsAre(1.25f));  // 0.75 * 1 + 0.25 * 2
  EXPECT_THAT(Elements<float>(own[2]), ElementsAre(3.25f));  // 0.75 * 4 + 0.25 * 1
}

TEST(ReferenceTest, LrnReachesFurtherUpWhenEven) {
  // size 2: feature c and c + 1
  const auto y = RunOne(OpType::kLrn, LrnParams{2, 1, 0, 2}, {Counting({1, 3, 1})});
  EXPECT_THAT(Elements<float>(y[0]), Pointwise(FloatNear(1e-6f), {1 / 5.0f, 2 / 13.0f, 3 / 9.0f}));
}

TEST(ReferenceTest, SoftmaxOldFormSpansAllAxes) {
  const Tensor x(DType::kF32, {2, 2, 2});
  EXPECT_THAT(Elements<float>(RunOne(OpType::kSoftmax, SoftmaxParams{1, false}, {x})[0]),
              testing::Each(0.5f));
  EXPECT_THAT(Elements<float>(RunOne(OpType::kSoftmax, SoftmaxParams{1, true}, {x})[0]),
              testing::Each(0.25f));
}

TEST(ReferenceTest, WholeNumbersWrapAround) {
  const Tensor a = Tensor::From<uint8_t>({2}, {250, 3}), b = Tensor::From<uint8_t>({1}, {10});
  EXPECT_THAT(Elements<uint8_t>(RunOne(OpType::kAdd, {}, {a, b}, 2)[0]), ElementsAre(4, 13));
  const Tensor large = Tensor::From<int32_t>({1}, {1 << 30});
  EXPECT_THAT(Elements<int32_t>(RunOne(OpType::kMul, {}, {large, large}, 2)[0]), ElementsAre(0));
}

TEST(ReferenceTest, ClipTakesTheUpperBoundWhenBoundsCross) {
  const auto y = RunOne(OpType::kClip, {},
                        {Tensor::From<int64_t>({3}, {-5, 1, 9}), Tensor::From<int64_t>({}, {4}),
                         Tensor::From<int64_t>({}, {2})});
  EXPECT_THAT(Elements<int64_t>(y[0]), ElementsAre(2, 2, 2));
}

TEST(ReferenceTest, DropoutDrawsTheMaskOfNumPy) {
  // numpy.random.seed(7); numpy.random.uniform(size=10) >= 0.5
  const std::vector<bool> kept = {false, true, false, true, true, true, true, false, false, false};
  const auto y =
      RunOne(OpType::kDropout, DropoutParams{7},
             {Counting({10}), Tensor::Scalar(0.5f), Tensor::From<bool>({}, {true})}, 1, 2);
  EXPECT_EQ(Elements<bool>(y[1]), kept);
  for (size_t i = 0; i < kept.size(); ++i) {
    EXPECT_EQ(y[0].Data<float>()[i], kept[i] ? 2 * static_cast<float>(i + 1) : 0);
  }
}

TEST(ReferenceTest, PadModes) {
  const auto padded = [](PadMode mode) {
    return Elements<float>(
        RunOne(OpType::kPad, PadParams{mode}, {Counting({3}), Tensor::Indices({2, 2})})[0]);
  };
  EXPECT_THAT(padded(PadMode::kConstant), ElementsAre(0, 0, 1, 2, 3, 0, 0));
  EXPECT_THAT(padded(PadMode::kReflect), ElementsAre(3, 2, 1, 2, 3, 2, 1));
  EXPECT_THAT(padded(PadMode::kEdge), ElementsAre(1, 1, 1, 2, 3, 3, 3));
  EXPECT_THAT(padded(PadMode::kWrap), ElementsAre(2, 3, 1, 2, 3, 1, 2));
  const auto cut = RunOne(OpType::kPad, PadParams{},
                          {Tensor::From<int32_t>({3}, {1, 2, 3}), Tensor::Indices({-1, 1}),
                           Tensor::From<int32_t>({}, {7})});
  EXPECT_THAT(Elements<int32_t>(cut[0]), ElementsAre(2, 3, 7));
}

TEST(ReferenceTest, MeanOfNothingIsNotANumber) {
  const auto y = RunOne(OpType::kReduceMean, ReduceParams{false, false},
                        {Tensor(DType::kF32, {2, 0}), Tensor::Indices({1})});
  EXPECT_TRUE(std::isnan(y[0].Data<float>()[0]) && std::isnan(y[0].Data<float>()[1]));
}

TEST(ReferenceTest, RefusesTypesItDoesNotCompute) {
  Graph graph;
  graph.inputs = {graph.AddValue("x", DType::kI32, {2})};
  graph.outputs = {graph.AddOp(OpType::kSigmoid, "y", graph.inputs)};
  ASSERT_TRUE(InferShapes(graph));
  const std::vector<Tensor> inputs = {Tensor(DType::kI32, {2})};
  const auto results = RunOp(graph, graph.ops[0], inputs);
  ASSERT_FALSE(results);
  EXPECT_EQ(results.error().kind, ErrorKind::kUnsupported);
}

}  // namespace
}  // namespace disco
