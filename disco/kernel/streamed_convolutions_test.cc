// SPDX-License-Identifier: Apache-2.0
// Convolutions of more weights than the cache holds: which are streamed, and that it does not show.
#include <fmt/format.h>

#include "disco/kernel/one_op_for_test.h"
#include "disco/kernel/streamed/streamed.h"
#include "disco/op/infer_shapes.h"

namespace disco {
namespace {

// A convolution of more weights than the cache holds, a constant added to it, an activation.
class LargeConvolution {
 public:
  explicit LargeConvolution(Random& random)
      : random_(random),
        axes_(static_cast<size_t>(Between(random, 1, 2))),
        features_(Between(random, 250, 700)),
        op_(MapOf(random, axes_, features_)) {}

  Graph Make() {
    const Window window = RandomWindow(random_, axes_, true);
    const int64_t taps = Shape(window.kernel).elements();
    const int64_t outputs = (int64_t{1} << 19) / (features_ * taps) + Between(random_, 1, 20);
    std::vector<int64_t> dims = {outputs, features_};
    dims.insert(dims.end(), window.kernel.begin(), window.kernel.end());
    std::vector<ValueId> inputs = {op_.x, op_.Operand(random_, "w", Shape(dims), true)};
    if (Coin(random_)) inputs.push_back(op_.Operand(random_, "b", {outputs}, true));
    ValueId y = op_.graph.AddOp(OpType::kConv, "conv", inputs, ConvParams{window, 1});
    if (Coin(random_)) y = WithAddend(y, outputs);
    Activate(y);
    return std::move(op_.graph);
  }

 private:
  // Of 20 to 300 positions.
  static Shape MapOf(Random& random, size_t axes, int64_t features) {
    std::vector<int64_t> dims = {1, features};
    for (const int64_t extent : Extents(random, axes, axes == 1 ? 20 : 7, axes == 1 ? 300 : 17))
      dims.push_back(extent);
    return Shape(dims);
  }
  // One for each feature, or for each element.
  ValueId WithAddend(ValueId y, int64_t outputs) {
    EXPECT_TRUE(InferShapes(op_.graph));
    std::vector<int64_t> dims(axes_ + 1, 1);
    dims[0] = outputs;
    const Shape shape = Coin(random_) ? Shape(dims) : op_.graph.value(y).shape;
    return op_.graph.AddOp(OpType::kAdd, "sum", {y, op_.Operand(random_, "addend", shape, true)});
  }
  void Activate(ValueId y) {
    const auto bound = [&](const char* name, float value) {
      return Coin(random_) ? op_.graph.AddConstant(name, Tensor::Scalar(value)) : kNoValue;
    };
    switch (random_.Below(4)) {
      case 0:
        return op_.Finish(OpType::kRelu, {y});
      case 1:
        return op_.Finish(OpType::kClip, {y, bound("least", -2), bound("most", 3)});
      case 2:
        return op_.Finish(OpType::kHardSwish, {y});  // is not streamed
      default:
        op_.graph.outputs = {y};
    }
  }

  Random& random_;
  size_t axes_;
  int64_t features_;
  OneOp op_;
};

TEST(StreamedConvolutionsTest, GiveWhatTheReferenceGives) {
  Random random(15);
  int streamed = 0;
  for (int round = 0; round < 20; ++round) {
    const Graph graph = LargeConvolution(random).Make();
    streamed += ExpectKernelsAgree(graph, random, fmt::format("round {}", round)).streamed;
  }
  if (!streamed::IsSupported()) GTEST_SKIP() << "this processor streams no convolutions";
  EXPECT_GT(streamed, 8);
}

// A window over a long signal has more sources than weights.
TEST(StreamedConvolutionsTest, AreNoneWithMoreSourcesThanWeights) {
  Random random(16);
  OneOp op({1, 1, 3000});
  op.Finish(OpType::kConv, {op.x, op.Operand(random, "w", {513, 1, 2900}, true)}, ConvParams{});
  EXPECT_EQ(ExpectKernelsAgree(op.graph, random, "spectrum").streamed, 0);
}

// Each sum is made by one thread in one order, however the work is shared out.
TEST(StreamedConvolutionsTest, ThreadsChangeNoBit) {
  if (!streamed::IsSupported()) GTEST_SKIP() << "this processor streams no convolutions";
  Random random(17);
  Graph graph;
  graph.inputs = {graph.AddValue("x", DType::kF32, {1, 600, 7, 7})};
  const ValueId weights = graph.AddConstant("w", RandomTensor(random, {130, 600, 3, 3}));
  graph.outputs = {graph.AddOp(OpType::kConv, "conv", {graph.inputs[0], weights}, ConvParams{})};
  ASSERT_TRUE(InferShapes(graph));
  const std::vector<Tensor> inputs = {RandomTensor(random, {1, 600, 7, 7})};
  std::vector<std::vector<Tensor>> outputs;
  for (const int threads : {1, 2, 3, 8}) {
    const auto program = MakeProgram(graph, {KernelKind::kOneDnn, threads});
    ASSERT_TRUE(program) << program.error().message;
    ASSERT_EQ((*program)->report().streamed, 1);
    outputs.push_back(MakeOutputs(graph));
    ASSERT_TRUE((*program)->Run(inputs, outputs.back(), nullptr));
    EXPECT_TRUE(std::ranges::equal(outputs[0][0].bytes(), outputs.back()[0].bytes())) << threads;
  }
}

}  // namespace
}  // namespace disco
