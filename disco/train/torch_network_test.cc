// SPDX-License-Identifier: Apache-2.0
#include "disco/train/torch_network.h"

#include <gtest/gtest.h>

#include "disco/kernel/program.h"
#include "disco/op/infer_shapes.h"
#include "disco/op/set_batch.h"
#include "disco/train/network_for_test.h"
#include "disco/train/torch_tensor.h"

namespace disco {
namespace {

constexpr int64_t kBatch = 3;

std::vector<float> RunReference(Graph graph, const Tensor& input) {
  EXPECT_TRUE(SetBatch(graph, input.shape()[0]));
  auto program = MakeProgram(graph, {.kernel = KernelKind::kReference});
  EXPECT_TRUE(program) << program.error().message;
  std::vector<Tensor> outputs = MakeOutputs(graph);
  const auto ran = (*program)->Run(std::vector<Tensor>{input}, outputs, nullptr);
  EXPECT_TRUE(ran) << ran.error().message;
  const auto data = outputs[0].Data<float>();
  return {data.begin(), data.end()};
}

std::vector<float> RunTorch(const Graph& graph, const Tensor& input) {
  auto network = TorchNetwork::Make(graph);
  EXPECT_TRUE(network) << network.error().message;
  if (!network) return {};
  const at::NoGradGuard no_gradients;
  const auto outputs = network->Forward({ViewAsTorch(input)}, ForwardMode::Inference());
  EXPECT_TRUE(outputs) << outputs.error().message;
  if (!outputs) return {};
  const Tensor output = FromTorch((*outputs)[0]);
  const auto data = output.Data<float>();
  return {data.begin(), data.end()};
}

// Largest difference over largest magnitude.
double RelativeError(const std::vector<float>& a, const std::vector<float>& b) {
  EXPECT_EQ(a.size(), b.size());
  double difference = 0, magnitude = 1e-30;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    difference = std::max(difference, std::abs(double(a[i]) - double(b[i])));
    magnitude = std::max(magnitude, std::abs(double(b[i])));
  }
  return difference / magnitude;
}

void ExpectEqualsReference(const Graph& graph) {
  Shape shape = graph.value(graph.inputs[0]).shape;
  shape[0] = kBatch;
  const Tensor input = RandomTensor(shape, 1);
  EXPECT_LT(RelativeError(RunTorch(graph, input), RunReference(graph, input)), 1e-4) << graph.name;
}

TEST(TorchNetworkTest, ZooEqualsReference) {
  for (const std::string& name : ZooNames()) {
    const bool cifar =
        name == "resnet8" || name == "resnet20" || name == "resnet32" || name == "resnet56";
    const ZooOptions options{.name = name,
                             .width = {1, cifar ? 2 : 8},
                             .classes = 7,
                             .image = cifar ? Shape{3, 16, 16} : Shape{3, 40, 40}};
    ExpectEqualsReference(RandomNetwork(options));
  }
}

// A graph of one op that reads a [2, C, H, W] image and, where given, constants.
Graph OneOp(OpType type, OpParams params, const Shape& image, std::vector<Tensor> constants) {
  Graph graph;
  graph.inputs = {graph.AddValue("x", DType::kF32, image)};
  std::vector<ValueId> inputs = graph.inputs;
  for (Tensor& constant : constants) {
    inputs.push_back(graph.AddConstant(fmt::format("c{}", inputs.size()), std::move(constant)));
  }
  graph.outputs = {graph.AddOp(type, "op", inputs, std::move(params))};
  const auto inferred = InferShapes(graph);
  EXPECT_TRUE(inferred) << inferred.error().message;
  return graph;
}

TEST(TorchNetworkTest, ConvWithUnevenPadsGroupsAndBiasEqualsReference) {
  const ConvParams params{
      .window = {.strides = {2, 1}, .dilations = {1, 2}, .pads_begin = {0, 3}, .pads_end = {2, 1}},
      .group = 2};
  ExpectEqualsReference(OneOp(OpType::kConv, params, {1, 4, 9, 8},
                              {RandomTensor({6, 2, 3, 2}, 2), RandomTensor({6}, 3)}));
}

TEST(TorchNetworkTest, PoolsEqualReference) {
  for (const OpType type : {OpType::kMaxPool, OpType::kAveragePool}) {
    for (const bool ceil_mode : {false, true}) {
      for (const bool count_pads : {false, true}) {
        const PoolParams params{.window = {.kernel = {3, 2},
                                           .strides = {2, 2},
                                           .pads_begin = {1, 0},
                                           .pads_end = {0, 1}},
                                .ceil_mode = ceil_mode,
                                .count_include_pad = count_pads};
        ExpectEqualsReference(OneOp(type, params, {1, 3, 8, 9}, {}));
      }
    }
  }
}

TEST(TorchNetworkTest, OtherOpsEqualReference) {
  const Shape image{1, 4, 5, 6};
  ExpectEqualsReference(OneOp(OpType::kLrn, LrnParams{.alpha = 0.3f, .size = 3}, image, {}));
  ExpectEqualsReference(
      OneOp(OpType::kSoftmax, SoftmaxParams{.axis = 1, .over_all_from_axis = true}, image, {}));
  ExpectEqualsReference(OneOp(OpType::kSoftmax, SoftmaxParams{.axis = -1}, image, {}));
  ExpectEqualsReference(OneOp(OpType::kHardSwish, {}, image, {}));
  ExpectEqualsReference(OneOp(OpType::kSigmoid, {}, image, {}));
  ExpectEqualsReference(OneOp(OpType::kLeakyRelu, LeakyReluParams{.alpha = 0.2f}, image, {}));
  ExpectEqualsReference(
      OneOp(OpType::kClip, {}, image, {Tensor::Scalar(-0.25f), Tensor::Scalar(0.5f)}));
  ExpectEqualsReference(OneOp(OpType::kMul, {}, image, {RandomTensor({4, 1, 1}, 4)}));
  ExpectEqualsReference(OneOp(OpType::kMatMul, {}, image, {RandomTensor({6, 3}, 5)}));
  ExpectEqualsReference(OneOp(OpType::kReduceMean, ReduceParams{.keep_dims = false}, image,
                              {Tensor::Indices({1, -1})}));
  ExpectEqualsReference(
      OneOp(OpType::kReshape, ReshapeParams{}, image, {Tensor::Indices({1, 2, 60})}));
  ExpectEqualsReference(OneOp(OpType::kFlatten, AxisParams{.axis = -2}, image, {}));
  ExpectEqualsReference(OneOp(OpType::kTranspose, TransposeParams{{0, 2, 3, 1}}, image, {}));
  ExpectEqualsReference(
      OneOp(OpType::kGather, AxisParams{.axis = 1}, image, {Tensor::Indices({3, 0, 2})}));
  ExpectEqualsReference(OneOp(OpType::kUnsqueeze, {}, image, {Tensor::Indices({1, -1})}));
  ExpectEqualsReference(OneOp(OpType::kSqueeze, {}, {1, 4, 1, 6}, {}));
}

TEST(TorchNetworkTest, PadModesEqualReference) {
  for (const PadMode mode :
       {PadMode::kConstant, PadMode::kReflect, PadMode::kEdge, PadMode::kWrap}) {
    ExpectEqualsReference(OneOp(OpType::kPad, PadParams{mode}, {1, 3, 5, 6},
                                {Tensor::Indices({0, 0, 2, 1, 0, 0, 3, 2})}));
  }
}

TEST(TorchNetworkTest, WritesBackWhatItWasGiven) {
  const Graph graph = RandomNetwork({.name = "resnet8", .classes = 10});
  Graph copy = graph;
  TorchNetwork::Make(graph)->WriteBack(copy);
  for (size_t id = 0; id < graph.values.size(); ++id) {
    ASSERT_EQ(graph.values[id].constant.has_value(), copy.values[id].constant.has_value());
    if (!graph.values[id].constant) continue;
    const auto before = graph.values[id].constant->bytes();
    const auto after = copy.values[id].constant->bytes();
    EXPECT_TRUE(std::equal(before.begin(), before.end(), after.begin(), after.end()))
        << graph.values[id].name;
  }
}

TEST(TorchNetworkTest, BatchNormRecordsStatisticsInTrainingForm) {
  const BatchNormParams params{.momentum = 0.75f};
  const Graph graph = OneOp(OpType::kBatchNormalization, params, {1, 1, 1, 2},
                            {Tensor::From<float>({1}, {1}), Tensor::From<float>({1}, {0}),
                             Tensor::From<float>({1}, {8}), Tensor::From<float>({1}, {4})});
  auto network = TorchNetwork::Make(graph);
  const Tensor input = Tensor::From<float>({2, 1, 1, 2}, {1, 2, 3, 6});  // mean 3, variance 14/3
  const auto outputs = network->Forward({ViewAsTorch(input)}, ForwardMode::Training());
  EXPECT_NEAR((*outputs)[0].mean().item<double>(), 0, 1e-6);
  Graph after = graph;
  network->WriteBack(after);
  const Op& op = after.ops[0];
  EXPECT_NEAR(after.ConstantInput(op, 3)->Data<float>()[0], 0.75 * 8 + 0.25 * 3, 1e-5);
  EXPECT_NEAR(after.ConstantInput(op, 4)->Data<float>()[0], 0.75 * 4 + 0.25 * 14 / 3, 1e-5);
}

TEST(TorchNetworkTest, GradientsMatchDifferences) {
  Graph graph =
      RandomNetwork({.name = "resnet8", .width = {1, 8}, .classes = 3, .image = {3, 8, 8}});
  const Tensor input = RandomTensor({4, 3, 8, 8}, 1);
  auto network = TorchNetwork::Make(graph);
  const auto loss = [&] {
    return (*network->Forward({ViewAsTorch(input)}, ForwardMode::Inference()))[0].square().sum();
  };
  loss().backward();
  const at::Tensor weight = network->weights()[0].tensor;
  const auto element = [](const at::Tensor& of) {
    return of.select(0, 1).flatten().slice(0, 5, 6);
  };
  const double gradient = element(weight.grad()).item<double>();
  constexpr double kStep = 1e-2;
  const at::NoGradGuard no_gradients;
  const at::Tensor shift = at::zeros_like(weight);
  shift.select(0, 1).select(0, 0).select(0, 1).select(0, 2).fill_(kStep);  // the same element
  const auto shifted = [&](double times) {
    weight.add_(shift, times);
    const double value = loss().item<double>();
    weight.sub_(shift, times);
    return value;
  };
  EXPECT_NEAR(gradient, (shifted(1) - shifted(-1)) / (2 * kStep), 0.02 * std::abs(gradient) + 1e-2);
}

TEST(TorchNetworkTest, RefusesWhatCannotBeTrained) {
  Graph graph = OneOp(OpType::kMaxPool, PoolParams{.window = {.kernel = {2, 2}}}, {1, 1, 4, 4}, {});
  graph.ops[0].outputs.push_back(graph.AddValue("indices", DType::kI64));
  const auto network = TorchNetwork::Make(graph);
  ASSERT_FALSE(network);
  EXPECT_EQ(network.error().kind, ErrorKind::kUnsupported);
  EXPECT_NE(network.error().message.find("'op'"), std::string::npos);
}

TEST(TorchNetworkTest, ForwardErrorIsAResult) {
  const Graph graph = RandomNetwork({.name = "resnet8", .classes = 10});
  auto network = TorchNetwork::Make(graph);
  const auto outputs =
      network->Forward({ViewAsTorch(RandomTensor({1, 5, 32, 32}, 1))}, ForwardMode::Inference());
  ASSERT_FALSE(outputs);
  EXPECT_NE(outputs.error().message.find("op 'conv1': LibTorch"), std::string::npos);
}

}  // namespace
}  // namespace disco
