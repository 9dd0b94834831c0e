// SPDX-License-Identifier: Apache-2.0
// Both kernels compute the same, one op at a time, over random shapes and attributes.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>

#include <limits>

#include "disco/kernel/one_op_for_test.h"
#include "disco/op/op_name.h"

namespace disco {
namespace {

TEST(KernelsTest, ConvolutionsAgree) {
  Random random(1);
  for (int round = 0; round < 250; ++round) {
    const size_t axes = static_cast<size_t>(Between(random, 1, 3));
    const int64_t group = std::vector<int64_t>{1, 1, 2, 3}[static_cast<size_t>(random.Below(4))];
    const bool depthwise = random.Below(4) == 0;
    const int64_t features = depthwise ? Between(random, 1, 19) : group * Between(random, 1, 9);
    const int64_t groups = depthwise ? features : group;
    const int64_t outputs = groups * Between(random, 1, depthwise ? 2 : 9);
    OneOp op(FeatureMap(random, axes, features));
    const Window window = RandomWindow(random, axes, true);
    std::vector<int64_t> dims = {outputs, features / groups};
    dims.insert(dims.end(), window.kernel.begin(), window.kernel.end());
    const bool constant = random.Below(4) != 0;
    std::vector<ValueId> inputs = {op.x, op.Operand(random, "w", Shape(dims), constant)};
    if (Coin(random)) inputs.push_back(op.Operand(random, "b", {outputs}, constant));
    op.Finish(OpType::kConv, inputs, ConvParams{window, groups});
    ExpectKernelsAgree(op.graph, random,
                       fmt::format("round {}: w {} groups {}", round, dims, groups));
  }
}

TEST(KernelsTest, PoolsAgree) {
  Random random(2);
  for (int round = 0; round < 250; ++round) {
    const size_t axes = static_cast<size_t>(Between(random, 1, 3));
    OneOp op(FeatureMap(random, axes, Between(random, 1, 20)));
    PoolParams params{RandomWindow(random, axes, random.Below(4) == 0), Coin(random), Coin(random),
                      false};
    const OpType type = Coin(random) ? OpType::kMaxPool : OpType::kAveragePool;
    op.Finish(type, {op.x}, params);
    ExpectKernelsAgree(
        op.graph, random,
        fmt::format("round {}: {} kernel {} ceil {} count {}", round, Name(type),
                    params.window.kernel, params.ceil_mode, params.count_include_pad));
  }
}

TEST(KernelsTest, MatrixProductsAgree) {
  Random random(3);
  for (int round = 0; round < 150; ++round) {
    const int64_t m = Between(random, 1, 9), k = Between(random, 1, 40), n = Between(random, 1, 40);
    const bool constant = Coin(random);
    GemmParams params{Coin(random) ? 1.0f : 0.5f, Coin(random) ? 1.0f : 2.0f, Coin(random),
                      Coin(random)};
    OneOp gemm(params.transpose_a ? Shape{k, m} : Shape{m, k});
    std::vector<ValueId> inputs = {
        gemm.x,
        gemm.Operand(random, "b", params.transpose_b ? Shape{n, k} : Shape{k, n}, constant)};
    const std::vector<Shape> addends = {{}, {1}, {n}, {1, n}, {m, 1}, {m, n}, {1, 1}};
    const Shape& addend = addends[static_cast<size_t>(random.Below(7))];
    if (round % 4 != 0) inputs.push_back(gemm.Operand(random, "c", addend, Coin(random)));
    gemm.Finish(OpType::kGemm, inputs, params);
    ExpectKernelsAgree(gemm.graph, random, fmt::format("round {}: C {}", round, ToString(addend)));

    const std::vector<std::pair<Shape, Shape>> pairs = {{{m, k}, {k, n}},
                                                        {{2, m, k}, {k, n}},
                                                        {{k}, {k, n}},
                                                        {{m, k}, {k}},
                                                        {{k}, {k}},
                                                        {{2, k}, {3, k, n}},
                                                        {{2, 1, m, k}, {3, k, n}},
                                                        {{2, 3, m, k}, {2, 3, k, n}}};
    const auto& [a, b] = pairs[static_cast<size_t>(round) % pairs.size()];
    OneOp product(a);
    product.Finish(OpType::kMatMul, {product.x, product.Operand(random, "b", b, constant)});
    ExpectKernelsAgree(product.graph, random, fmt::format("{} x {}", ToString(a), ToString(b)));
  }
}

TEST(KernelsTest, ElementwiseOpsAgreeUnderBroadcast) {
  Random random(4);
  for (int round = 0; round < 200; ++round) {
    const auto rank = static_cast<size_t>(Between(random, 0, 5));
    const std::vector<int64_t> full = Extents(random, rank, 1, 6);
    const auto broadcast = [&] {
      std::vector<int64_t> dims(
          full.begin() + static_cast<std::ptrdiff_t>(random.Below(static_cast<int64_t>(rank) + 1)),
          full.end());
      for (int64_t& extent : dims) extent = random.Below(3) == 0 ? 1 : extent;
      return Shape(dims);
    };
    OneOp op(Coin(random) ? Shape(full) : broadcast());
    op.Finish(Coin(random) ? OpType::kAdd : OpType::kMul,
              {op.x, op.Operand(random, "b", broadcast(), Coin(random))});
    ExpectKernelsAgree(op.graph, random, fmt::format("round {}: {}", round, full));
  }
}

TEST(KernelsTest, ActivationsAgree) {
  Random random(5);
  for (const Shape& shape : std::vector<Shape>{{}, {7}, {2, 3}, {2, 3, 4, 5}, {1, 2, 3, 1, 2, 3}}) {
    for (const OpType type :
         {OpType::kHardSwish, OpType::kRelu, OpType::kSigmoid, OpType::kLeakyRelu, OpType::kClip}) {
      OneOp op(shape);
      std::vector<ValueId> inputs = {op.x};
      OpParams params;
      if (type == OpType::kLeakyRelu) params = LeakyReluParams{0.3f};
      if (type == OpType::kClip)
        inputs = {op.x, op.graph.AddConstant("least", Tensor::Scalar(-0.25f)), kNoValue};
      const ValueId four =
          op.graph.AddConstant("four", Tensor::Scalar(4));  // reaches past the bends
      inputs[0] = op.graph.AddOp(OpType::kMul, "scaled", {op.x, four});
      op.Finish(type, inputs, params);
      ExpectKernelsAgree(op.graph, random, fmt::format("{} {}", Name(type), ToString(shape)));
    }
  }
}

TEST(KernelsTest, ClipWithoutABoundStopsAtTheLargestNumber) {
  constexpr float kMost = std::numeric_limits<float>::max();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const Tensor x = Tensor::From<float>({3}, {-kInfinity, 0.5f, kInfinity});
  for (const KernelKind kernel : kKernels) {
    OneOp op(x.shape());
    op.Finish(OpType::kClip, {op.x});
    const auto ran = RunTwice(op.graph, kernel, {x});
    ASSERT_TRUE(ran) << ran.error().message;
    EXPECT_THAT(ran->outputs[0].Data<float>(), testing::ElementsAre(-kMost, 0.5f, kMost));
  }
}

TEST(KernelsTest, NormalisationsAgree) {
  Random random(6);
  for (int round = 0; round < 80; ++round) {
    const size_t axes = static_cast<size_t>(Between(random, 0, 3));
    const int64_t features = Between(random, 1, 20);
    const Shape shape = FeatureMap(random, axes, features);
    OneOp norm(shape);
    std::vector<ValueId> inputs = {norm.x};
    for (const char* name : {"scale", "bias", "mean"})
      inputs.push_back(norm.Operand(random, name, {features}, Coin(random)));
    inputs.push_back(norm.graph.AddConstant("variance", Tensor(DType::kF32, {features})));
    norm.Finish(OpType::kBatchNormalization, inputs, BatchNormParams{0.3f, 0.9f, false});
    ExpectKernelsAgree(norm.graph, random, fmt::format("BatchNormalization {}", ToString(shape)));

    OneOp lrn(shape);
    lrn.Finish(OpType::kLrn, {lrn.x}, LrnParams{0.7f, 0.75f, 1.5f, Between(random, 1, 6)});
    ExpectKernelsAgree(lrn.graph, random, fmt::format("LRN {}", ToString(shape)));

    OneOp softmax(shape);
    softmax.Finish(OpType::kSoftmax, {softmax.x},
                   SoftmaxParams{Between(random, -shape.rank(), shape.rank() - 1), Coin(random)});
    ExpectKernelsAgree(softmax.graph, random, fmt::format("Softmax {}", ToString(shape)));

    OneOp mean(shape);
    std::vector<int64_t> over;
    for (int64_t axis = 0; axis < shape.rank(); ++axis) {
      if (Coin(random)) over.push_back(axis);
    }
    mean.Finish(OpType::kReduceMean,
                {mean.x, mean.graph.AddConstant("axes", Tensor::Indices(over))},
                ReduceParams{Coin(random), Coin(random)});
    ExpectKernelsAgree(mean.graph, random,
                       fmt::format("ReduceMean {} over {}", ToString(shape), over));

    if (axes == 0) continue;
    OneOp pool(shape);
    pool.Finish(OpType::kGlobalAveragePool, {pool.x});
    ExpectKernelsAgree(pool.graph, random, fmt::format("GlobalAveragePool {}", ToString(shape)));
  }
}

TEST(KernelsTest, MeansOverAllAxesAgreeHoweverTheAxesAreGiven) {
  Random random(7);
  for (const Shape& shape : std::vector<Shape>{{}, {5}, {2, 3}, {2, 3, 4}, {2, 3, 4, 5}}) {
    for (const bool keep : {true, false}) {
      for (const bool given : {true, false}) {
        OneOp mean(shape);
        std::vector<ValueId> inputs = {mean.x};
        if (given) inputs.push_back(mean.graph.AddConstant("axes", Tensor::Indices({})));
        mean.Finish(OpType::kReduceMean, inputs, ReduceParams{keep, false});
        ExpectKernelsAgree(mean.graph, random,
                           fmt::format("ReduceMean {}, keeps axes: {}", ToString(shape), keep));
      }
    }
  }
}

TEST(KernelsTest, LayerNormalizationsAgreeHoweverTheScaleBroadcasts) {
  Random random(9);
  const std::vector<Shape> scales = {{4},       {4, 4}, {4, 1},    {1, 4},
                                     {1, 4, 1}, {1},    {3, 4, 4}, {3, 1, 1}};
  for (const Shape& shape : scales) {
    for (const int64_t axis : {-1, -2, 1}) {
      OneOp norm({3, 4, 4});
      const ValueId scale = norm.Operand(random, "scale", shape, Coin(random));
      const ValueId bias = norm.Operand(random, "bias", {4}, true);
      norm.Finish(OpType::kLayerNormalization, {norm.x, scale, bias},
                  LayerNormParams{.axis = axis});
      ExpectKernelsAgree(norm.graph, random,
                         fmt::format("scale {}, axis {}", ToString(shape), axis));
    }
  }
}

}  // namespace
}  // namespace disco
