// SPDX-License-Identifier: Apache-2.0
// Both kernels compute the same over random small networks: what is fused, summed in place, renamed
// and moved between layouts must not show.
#include <fmt/format.h>

#include "disco/kernel/kernels_testing.h"
#include "disco/kernel/streamed/streamed.h"
#include "disco/op/infer_shapes.h"

namespace disco {
namespace {

// Grows a network over feature maps [N, C, H, W] of one size, so that anything may be added to
// anything.
class RandomNetwork {
 public:
  RandomNetwork(Random& random, int64_t features) : random_(random), features_(features) {
    const Shape shape{1 + random.Below(3), features, 5, 6};
    graph_.inputs = {graph_.AddValue("x", DType::kF32, shape)};
    maps_ = graph_.inputs;
  }

  Graph Grow(int ops) {
    for (int i = 0; i < ops; ++i) maps_.push_back(NextMap());
    graph_.outputs = {maps_.back()};
    // Some value inside is an output too, which forbids fusing over it.
    if (random_.Below(2) == 0) graph_.outputs.push_back(Any());
    return std::move(graph_);
  }

 private:
  std::string NewName() { return fmt::format("v{}", graph_.values.size()); }
  // The newest value half of the time: chains are what is fused.
  ValueId Any() {
    return random_.Below(2) == 0
               ? maps_.back()
               : maps_[static_cast<size_t>(random_.Below(static_cast<int64_t>(maps_.size())))];
  }
  ValueId Constant(const Shape& shape) {
    return graph_.AddConstant(NewName(), RandomTensor(random_, shape));
  }
  ValueId Add(OpType type, std::vector<ValueId> inputs, OpParams params = {}) {
    return graph_.AddOp(type, NewName(), std::move(inputs), std::move(params));
  }

  ValueId Convolved(ValueId x) {
    ConvParams params;
    params.window.pads_begin = params.window.pads_end = {1, 1};
    std::vector<ValueId> inputs = {x, Constant({features_, features_, 3, 3})};
    if (random_.Below(2) == 0) inputs.push_back(Constant({features_}));
    return Add(OpType::kConv, inputs, params);
  }

  ValueId NextMap() {
    switch (random_.Below(12)) {
      case 0:
        return Add(OpType::kRelu, {Any()});
      case 1:
        return Add(OpType::kHardSwish, {Any()});
      case 2:
        return Add(OpType::kMul, {Any(), Add(OpType::kGlobalAveragePool, {Any()})});
      case 3:
        return Add(OpType::kAdd, {Any(), Constant({features_, 1, 1})});
      case 4:
        return Regrouped(Any());
      case 5:
        return Halved(Any());
      case 6:
        return Add(OpType::kIdentity, {Any()});
      case 7:
      case 8:
        return Add(OpType::kAdd, {Any(), Any()});
      case 9:
        return Add(OpType::kRelu, {Add(OpType::kAdd, {Convolved(Any()), Any()})});
      default:
        return Convolved(Any());
    }
  }

  // Through other shapes and back: [N, C, H, W] -> [N, C, H * W] -> transposed twice -> [N, C, H,
  // W].
  ValueId Regrouped(ValueId x) {
    const ValueId flat = graph_.AddConstant(NewName(), Tensor::Indices({0, 0, -1}));
    const ValueId back = graph_.AddConstant(NewName(), Tensor::Indices({0, 0, 5, 6}));
    const TransposeParams swap{{0, 2, 1}};
    ValueId y = Add(OpType::kReshape, {x, flat}, ReshapeParams{});
    y = Add(OpType::kTranspose, {Add(OpType::kTranspose, {y}, swap)}, swap);
    return Add(OpType::kReshape, {y, back}, ReshapeParams{});
  }

  // Features and columns picked in two halves, joined in another order; padding that is cut off
  // again.
  ValueId Halved(ValueId x) {
    const ValueId pads = graph_.AddConstant(NewName(), Tensor::Indices({0, 1, 2, 0, 0, 0, 0, 1}));
    const ValueId cuts =
        graph_.AddConstant(NewName(), Tensor::Indices({0, -1, -2, 0, 0, 0, 0, -1}));
    x = Add(OpType::kPad, {Add(OpType::kPad, {x, pads}, PadParams{}), cuts}, PadParams{});
    std::vector<int64_t> odd, even;
    for (int64_t c = 0; c < features_; ++c) (c % 2 == 1 ? odd : even).push_back(c);
    std::vector<ValueId> parts;
    for (const auto& indices : {odd, even}) {
      const ValueId list = graph_.AddConstant(NewName(), Tensor::Indices(indices));
      parts.push_back(Add(OpType::kGather, {x, list}, AxisParams{1}));
    }
    return Add(OpType::kConcat, parts, AxisParams{1});
  }

  Random& random_;
  int64_t features_;
  Graph graph_;
  std::vector<ValueId> maps_;
};

TEST(GraphsTest, RandomNetworksAgree) {
  Random random(7);
  for (int round = 0; round < 150; ++round) {
    const Graph graph =
        RandomNetwork(random, 1 + random.Below(17)).Grow(3 + static_cast<int>(random.Below(10)));
    ExpectKernelsAgree(graph, random, fmt::format("round {}", round));
  }
}

// As large as networks are whose convolutions are streamed: 2.2 MB of weights in each.
TEST(GraphsTest, RandomLargeNetworksAgree) {
  Random random(14);
  int streamed = 0;
  for (int round = 0; round < 8; ++round) {
    const Graph graph = RandomNetwork(random, 250).Grow(6);
    const ProgramReport report = ExpectKernelsAgree(graph, random, fmt::format("round {}", round));
    streamed += report.streamed;
  }
  if (!streamed::IsSupported()) GTEST_SKIP() << "this processor streams no convolutions";
  EXPECT_GT(streamed, 8);
}

// x -> Conv -> Add(identity) -> Relu -> BatchNormalization -> GlobalAveragePool -> Flatten -> Gemm
// -> Softmax
Graph SmallResidualNetwork(Random& random) {
  Graph graph;
  const ValueId x = graph.AddValue("x", DType::kF32, {1, 16, 8, 8});
  ConvParams params;
  params.window.pads_begin = params.window.pads_end = {1, 1};
  ValueId y =
      graph.AddOp(OpType::kConv, "conv",
                  {x, graph.AddConstant("w", RandomTensor(random, {16, 16, 3, 3}))}, params);
  y = graph.AddOp(OpType::kRelu, "relu", {graph.AddOp(OpType::kAdd, "add", {y, x})});
  const std::vector<float> halves(16, 0.5f);
  std::vector<ValueId> norm = {y};
  for (const char* name : {"scale", "bias", "mean", "variance"}) {
    norm.push_back(
        graph.AddConstant(name, Tensor::From<float>({16}, std::span<const float>(halves))));
  }
  y = graph.AddOp(OpType::kBatchNormalization, "norm", norm, BatchNormParams{});
  y = graph.AddOp(OpType::kFlatten, "flatten",
                  {graph.AddOp(OpType::kGlobalAveragePool, "pool", {y})}, AxisParams{1});
  y = graph.AddOp(OpType::kGemm, "fc",
                  {y, graph.AddConstant("fc.w", RandomTensor(random, {10, 16})),
                   graph.AddConstant("fc.b", RandomTensor(random, {10}))},
                  GemmParams{1, 1, false, true});
  graph.inputs = {x};
  graph.outputs = {graph.AddOp(OpType::kSoftmax, "softmax", {y}, SoftmaxParams{})};
  return graph;
}

TEST(GraphsTest, UsualNetworksNeedNoReferenceKernel) {
  Random random(8);
  const ProgramReport report = ExpectKernelsAgree(SmallResidualNetwork(random), random, "residual");
  EXPECT_THAT(UnusualWarnings(report.warnings), testing::IsEmpty());
  EXPECT_GT(report.weights.value, 16 * 16 * 9 * 4);
}

TEST(GraphsTest, ThreadsChangeNothing) {
  Random random(13);
  Graph graph = SmallResidualNetwork(random);
  ASSERT_TRUE(InferShapes(graph));
  const std::vector<Tensor> inputs = {RandomTensor(random, {1, 16, 8, 8})};
  std::vector<std::vector<Tensor>> outputs;
  for (const int threads : {1, 3}) {
    const auto program = MakeProgram(graph, {KernelKind::kOneDnn, threads});
    ASSERT_TRUE(program) << program.error().message;
    outputs.push_back(MakeOutputs(graph));
    ASSERT_TRUE((*program)->Run(inputs, outputs.back(), nullptr));
  }
  ExpectClose(outputs[0][0], outputs[1][0], "3 threads");
}

TEST(GraphsTest, EmptyBatchGivesEmptyOutputs) {
  Random random(9);
  Graph graph = SmallResidualNetwork(random);
  graph.value(graph.inputs[0]).shape[0] = 0;
  ExpectKernelsAgree(graph, random, "empty");
}

TEST(GraphsTest, WarnsAboutWhatOneDnnCannotDo) {
  Random random(10);
  Graph graph;
  graph.inputs = {graph.AddValue("x", DType::kF32, {1, 3, 4, 4})};
  graph.outputs = {
      graph.AddOp(OpType::kLrn, "lrn", {graph.inputs[0]}, LrnParams{0.1f, 0.75f, 1, 4})};
  const ProgramReport report = ExpectKernelsAgree(graph, random, "even LRN");
  EXPECT_THAT(UnusualWarnings(report.warnings), testing::ElementsAre(testing::HasSubstr("'lrn'")));
}

TEST(GraphsTest, FusedOpsWithoutPrimitiveRunInReferenceKernels) {
  Random random(12);
  Graph graph;
  for (const char* name : {"a", "b", "c"})
    graph.inputs.push_back(graph.AddValue(name, DType::kF32, {5, 5}));
  const GemmParams scaled{0.5f, 1, false, false};  // no primitive when B is not constant
  const ValueId addend = graph.AddOp(OpType::kRelu, "addend", {graph.inputs[2]});
  const ValueId product =
      graph.AddOp(OpType::kGemm, "product", {graph.inputs[0], graph.inputs[1]}, scaled);
  graph.outputs = {
      graph.AddOp(OpType::kSigmoid, "y", {graph.AddOp(OpType::kAdd, "sum", {addend, product})})};
  const ProgramReport report = ExpectKernelsAgree(graph, random, "scaled");
  EXPECT_THAT(UnusualWarnings(report.warnings), testing::SizeIs(1));
}

TEST(GraphsTest, WhatCannotFitIsRefused) {
  for (const Shape& shape :
       {Shape{1, int64_t{1} << 37}, Shape{1, -3}, Shape{0, int64_t{1} << 62, 1 << 30}}) {
    Graph graph;
    graph.outputs = {
        graph.AddOp(OpType::kReceive, "y", {}, ReceiveParams{{{1, 1, shape[1]}}, 1, shape})};
    for (const KernelKind kernel : {KernelKind::kReference, KernelKind::kOneDnn}) {
      const auto program = MakeProgram(graph, {kernel, 1});
      ASSERT_FALSE(program);
      EXPECT_NE(program.error().message.find("'y'"), std::string::npos);
    }
  }
}

TEST(GraphsTest, WrongArgumentsAreErrors) {
  Random random(11);
  const Graph graph = SmallResidualNetwork(random);
  for (const KernelKind kernel : {KernelKind::kReference, KernelKind::kOneDnn}) {
    const auto program = MakeProgram(graph, {kernel, 1});
    ASSERT_TRUE(program) << program.error().message;
    std::vector<Tensor> outputs = {Tensor(DType::kF32, {1, 10})};
    const std::vector<Tensor> wrong = {Tensor(DType::kF32, {1, 16, 8, 7})};
    const Status status = (*program)->Run(wrong, outputs, nullptr);
    ASSERT_FALSE(status);
    EXPECT_NE(status.error().message.find("'x'"), std::string::npos);
    EXPECT_FALSE((*program)->Run({}, outputs, nullptr));
  }
  EXPECT_FALSE(MakeProgram(graph, {KernelKind::kOneDnn, 0}));
  EXPECT_FALSE(ParseKernelKind("cuda"));
  EXPECT_EQ(ParseKernelKind("onednn").value(), KernelKind::kOneDnn);
}

TEST(GraphsTest, WeightsThatAreNotNumbersAreRefused) {
  Graph graph;
  const ValueId x = graph.AddValue("x", DType::kF32, {1, 1, 2, 2});
  graph.inputs = {x};
  const Tensor weights = Tensor::From<float>({1, 1, 1, 1}, {std::nanf("")});
  const ValueId conv =
      graph.AddOp(OpType::kConv, "conv", {x, graph.AddConstant("w", weights)}, ConvParams{});
  graph.outputs = {graph.AddOp(OpType::kRelu, "relu", {conv})};
  for (const KernelKind kernel : kKernels) {
    const auto program = MakeProgram(graph, {kernel, 1});
    ASSERT_FALSE(program);
    EXPECT_NE(program.error().message.find("'w' holds what is not a number"), std::string::npos);
  }
}

}  // namespace
}  // namespace disco
