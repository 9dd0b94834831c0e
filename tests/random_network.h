// SPDX-License-Identifier: Apache-2.0
// Networks drawn at random, for property tests: residual, concat, depthwise, grouped, strided,
// dilated, pooled.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "disco/base/random.h"
#include "disco/op/infer_shapes.h"

namespace disco {

class RandomNetwork {
 public:
  // Training knows no op of several outputs.
  enum class Ops { kAll, kTrained };
  explicit RandomNetwork(uint64_t seed, Ops ops = Ops::kAll) : random_(seed, 1), ops_(ops) {}

  // Input [batch, 3, H, W]; one output of scores, and now and then a feature map as a second one.
  Graph Make() {
    const int64_t extent = Between(9, 16);
    ValueId x = graph_.AddValue("input", DType::kF32, {Between(1, 3), 3, extent, Between(9, 16)});
    graph_.inputs = {x};
    x = Conv(x, Between(4, 12), {3, 1, 1, 1});
    const int64_t blocks = Between(2, 5);
    for (int64_t block = 0; block < blocks; ++block) x = Block(x);
    if (Chance(0.25)) graph_.outputs.push_back(x);
    graph_.outputs.push_back(Head(x));
    RemoveUnused(graph_);  // as reading does
    EXPECT_TRUE(InferShapes(graph_));
    return std::move(graph_);
  }

  std::vector<Tensor> MakeInputs(const Graph& graph) {
    std::vector<Tensor> inputs;
    for (const ValueId input : graph.inputs) inputs.push_back(Normal(graph.value(input).shape));
    return inputs;
  }

 private:
  struct Form {
    int64_t kernel = 3, stride = 1, dilation = 1, group = 1;
  };

  int64_t Between(int64_t low, int64_t high) { return low + random_.Below(high - low + 1); }
  bool Chance(double share) { return random_.Uniform() < share; }
  std::string Next(const char* what) {
    return std::string(what) + std::to_string(graph_.ops.size());
  }

  Tensor Normal(const Shape& shape, double deviation = 1) {
    Tensor tensor(DType::kF32, shape);
    for (float& element : tensor.MutableData<float>())
      element = static_cast<float>(deviation * random_.Normal());
    return tensor;
  }
  ValueId Weights(const std::string& name, const Shape& shape) {
    const double fan_in = static_cast<double>(shape.elements(1, shape.rank()));
    return graph_.AddConstant(name, Normal(shape, std::sqrt(2 / fan_in)));
  }
  const Shape& ShapeOf(ValueId value) {
    EXPECT_TRUE(InferShapes(graph_));
    return graph_.value(value).shape;
  }

  ValueId Conv(ValueId x, int64_t features, const Form& form) {
    const std::string name = Next("conv");
    const int64_t inputs = ShapeOf(x)[1];
    Window window;
    window.kernel = {form.kernel, form.kernel};
    window.strides = {form.stride, form.stride};
    window.dilations = {form.dilation, form.dilation};
    const int64_t pad = (form.kernel - 1) * form.dilation / 2;
    window.pads_begin = {pad, pad};
    window.pads_end = {pad, pad};
    std::vector<ValueId> op_inputs = {
        x, Weights(name + ".w", {features, inputs / form.group, form.kernel, form.kernel})};
    if (Chance(0.5)) op_inputs.push_back(graph_.AddConstant(name + ".b", Normal({features}, 0.1)));
    return graph_.AddOp(OpType::kConv, name, op_inputs, ConvParams{window, form.group});
  }

  ValueId BatchNorm(ValueId x) {
    const std::string name = Next("bn");
    const int64_t features = ShapeOf(x)[1];
    auto around_one = [&] {
      Tensor tensor(DType::kF32, {features});
      for (float& element : tensor.MutableData<float>())
        element = static_cast<float>(random_.Uniform(0.5, 1.5));
      return tensor;
    };
    const ValueId scale = graph_.AddConstant(name + ".scale", around_one());
    const ValueId shift = graph_.AddConstant(name + ".shift", Normal({features}, 0.2));
    const ValueId mean = graph_.AddConstant(name + ".mean", Normal({features}, 0.2));
    const ValueId variance = graph_.AddConstant(name + ".variance", around_one());
    return graph_.AddOp(OpType::kBatchNormalization, name, {x, scale, shift, mean, variance},
                        BatchNormParams{});
  }

  ValueId Activation(ValueId x) {
    switch (Between(0, 5)) {
      case 0:
        return graph_.AddOp(OpType::kLeakyRelu, Next("leaky"), {x}, LeakyReluParams{0.1f});
      case 1:
        return graph_.AddOp(OpType::kSigmoid, Next("sigmoid"), {x});
      case 2:
        return graph_.AddOp(OpType::kHardSwish, Next("hardswish"), {x});
      case 3: {
        const std::string name = Next("clip");
        const ValueId low = graph_.AddConstant(name + ".min", Tensor::Scalar(0));
        const ValueId high = graph_.AddConstant(name + ".max", Tensor::Scalar(6));
        return graph_.AddOp(OpType::kClip, name, {x, low, high});
      }
      default:
        return graph_.AddOp(OpType::kRelu, Next("relu"), {x});
    }
  }

  ValueId ConvNormAct(ValueId x, int64_t features, const Form& form) {
    x = Conv(x, features, form);
    if (Chance(0.7)) x = BatchNorm(x);
    return Chance(0.8) ? Activation(x) : x;
  }

  ValueId Block(ValueId x) {
    switch (Between(0, 9)) {
      case 0:
      case 1:
        return Residual(x);
      case 2:
        return Branches(x);
      case 3:
        return Separable(x);
      case 4:
        return Grouped(x);
      case 5:
        return Pool(x);
      case 6:
        return Scaled(x);
      case 7:
        return Unusual(x);
      case 8:
        return ConvNormAct(x, Between(4, 16), {1, Between(1, 2)});
      default:
        return ConvNormAct(x, Between(4, 16), {3, Between(1, 2), Between(1, 2)});
    }
  }

  ValueId Residual(ValueId x) {
    const int64_t features = Chance(0.5) ? ShapeOf(x)[1] : Between(4, 12);
    const int64_t stride = Between(1, 2);
    ValueId y = ConvNormAct(x, Between(4, 12), {3, stride});
    y = Conv(y, features, {1});
    if (features != ShapeOf(x)[1] || stride != 1) x = Conv(x, features, {1, stride});
    return Activation(graph_.AddOp(OpType::kAdd, Next("add"), {y, x}));
  }

  ValueId Branches(ValueId x) {
    const ValueId a = ConvNormAct(x, Between(2, 8), {1});
    const ValueId b = ConvNormAct(x, Between(2, 8), {3});
    std::vector<ValueId> parts = {a, b};
    if (Chance(0.3)) parts.push_back(x);
    return graph_.AddOp(OpType::kConcat, Next("concat"), parts, AxisParams{Chance(0.5) ? 1 : -3});
  }

  ValueId Separable(ValueId x) {
    const int64_t features = ShapeOf(x)[1];
    const int64_t multiplier = Between(1, 2);
    x = ConvNormAct(x, features * multiplier, {3, Between(1, 2), 1, features});
    return Conv(x, Between(4, 12), {1});
  }

  ValueId Grouped(ValueId x) {
    const int64_t groups = Between(2, 4);
    x = Conv(x, groups * Between(1, 4), {1});
    return ConvNormAct(x, groups * Between(1, 4), {3, 1, 1, groups});
  }

  ValueId Pool(ValueId x) {
    PoolParams params{.ceil_mode = Chance(0.3), .count_include_pad = Chance(0.5)};
    params.window = {
        .kernel = {3, 3}, .strides = {Between(1, 2), 1}, .pads_begin = {1, 1}, .pads_end = {1, 1}};
    return Chance(0.5) ? graph_.AddOp(OpType::kMaxPool, Next("maxpool"), {x}, params)
                       : graph_.AddOp(OpType::kAveragePool, Next("avgpool"), {x}, params);
  }

  // Products and sums with constants of several shapes, and a gate per feature.
  ValueId Scaled(ValueId x) {
    const Shape shape = ShapeOf(x);
    const std::string name = Next("scaled");
    if (Chance(0.4)) {
      ValueId gate = graph_.AddOp(OpType::kGlobalAveragePool, name + ".pool", {x});
      gate = graph_.AddOp(OpType::kSigmoid, name + ".gate", {Conv(gate, shape[1], {1})});
      return graph_.AddOp(OpType::kMul, name, {x, gate});
    }
    const ValueId constant =
        graph_.AddConstant(name + ".c", Normal(Chance(0.5) ? Shape{1, shape[1], 1, 1} : Shape{}));
    return graph_.AddOp(Chance(0.5) ? OpType::kMul : OpType::kAdd, name, {constant, x});
  }

  // Ops without a rule for features, and ops that move axes.
  ValueId Unusual(ValueId x) {
    const std::string name = Next("unusual");
    switch (Between(0, 8)) {
      case 4:
        return Sliced(x, name);
      case 5:
        return ops_ == Ops::kAll ? SplitAndJoined(x, name) : Sliced(x, name);
      case 6: {  // over the positions of a row
        const int64_t extent = ShapeOf(x)[3];
        const ValueId scale = graph_.AddConstant(name + ".scale", Normal({extent}));
        const ValueId bias = graph_.AddConstant(name + ".bias", Normal({ShapeOf(x)[1], 1, extent}));
        return graph_.AddOp(OpType::kLayerNormalization, name, {x, scale, bias}, LayerNormParams{});
      }
      case 7: {  // over the features
        const Shape& shape = ShapeOf(x);
        const ValueId scale =
            graph_.AddConstant(name + ".scale", Normal({shape[1], shape[2], shape[3]}));
        return graph_.AddOp(OpType::kLayerNormalization, name, {x, scale},
                            LayerNormParams{.axis = 1});
      }
      case 0:
        return graph_.AddOp(OpType::kLrn, name, {x}, LrnParams{.size = 3});
      case 1: {
        const ValueId pads =
            graph_.AddConstant(name + ".pads", Tensor::Indices({0, 0, 1, 0, 0, 0, 0, 1}));
        return graph_.AddOp(OpType::kPad, name, {x, pads}, PadParams{});
      }
      case 2: {
        const ValueId turned =
            graph_.AddOp(OpType::kTranspose, name, {x}, TransposeParams{{0, 3, 1, 2}});
        return graph_.AddOp(OpType::kTranspose, Next("back"), {turned},
                            TransposeParams{{0, 2, 3, 1}});
      }
      case 3: {  // a channel shuffle, by indices
        std::vector<int64_t> order(static_cast<size_t>(ShapeOf(x)[1]));
        for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(i);
        random_.Shuffle(std::span(order));
        return graph_.AddOp(OpType::kGather, name,
                            {x, graph_.AddConstant(name + ".order", Tensor::Indices(order))},
                            AxisParams{1});
      }
      default:
        return graph_.AddOp(OpType::kDropout, name, {x}, DropoutParams{});
    }
  }

  // Every second feature, from the last; or the positions but the first row.
  ValueId Sliced(ValueId x, const std::string& name) {
    const bool features = Chance(0.7) && ShapeOf(x)[1] > 3;
    const auto list = [&](const char* what, int64_t number) {
      return graph_.AddConstant(name + what, Tensor::Indices({number}));
    };
    const ValueId start = list(".start", features ? -1 : 1);
    const ValueId end = list(".end", features ? -1000 : 1000);
    const ValueId axis = list(".axis", features ? 1 : 2), step = list(".step", features ? -2 : 1);
    return graph_.AddOp(OpType::kSlice, name, {x, start, end, axis, step});
  }

  // Three parts of the features, or of the rows, joined in another order; sometimes without one.
  ValueId SplitAndJoined(ValueId x, const std::string& name) {
    const int axis = Chance(0.7) ? 1 : 2;
    const int64_t extent = ShapeOf(x)[axis], first = Between(1, extent - 2);
    const int64_t second = Between(1, extent - first - 1);
    const ValueId sizes = graph_.AddConstant(
        name + ".sizes", Tensor::Indices({first, second, extent - first - second}));
    const ValueId part = graph_.AddOp(OpType::kSplit, name, {x, sizes},
                                      SplitParams{.axis = axis, .parts = 3, .equal = false});
    const ValueId middle = graph_.AddValue(name + ".middle"),
                  last = graph_.AddValue(name + ".last");
    graph_.ops.back().outputs = {part, middle, last};
    std::vector<ValueId> joined = {last, part};
    if (Chance(0.5)) joined.push_back(middle);
    return graph_.AddOp(OpType::kConcat, Next("joined"), joined, AxisParams{axis});
  }

  ValueId Head(ValueId x) {
    if (Chance(0.7)) x = graph_.AddOp(OpType::kGlobalAveragePool, Next("gap"), {x});
    const Shape shape = ShapeOf(x);
    const std::string name = Next("flat");
    if (Chance(0.5)) {
      x = graph_.AddOp(OpType::kFlatten, name, {x}, AxisParams{1});
    } else {
      const ValueId target = graph_.AddConstant(name + ".shape", Tensor::Indices({0, -1}));
      x = graph_.AddOp(OpType::kReshape, name, {x, target}, ReshapeParams{});
    }
    const int64_t inputs = shape.elements(1, shape.rank()), classes = Between(3, 11);
    const std::string head = Next("fc");
    if (Chance(0.3)) {
      x = graph_.AddOp(OpType::kMatMul, head, {x, Weights(head + ".w", {inputs, classes})});
    } else {
      const bool transposed = Chance(0.5);
      const ValueId weights =
          Weights(head + ".w", transposed ? Shape{classes, inputs} : Shape{inputs, classes});
      const ValueId bias = graph_.AddConstant(head + ".b", Normal({classes}, 0.1));
      x = graph_.AddOp(OpType::kGemm, head, {x, weights, bias},
                       GemmParams{.transpose_b = transposed});
    }
    return Chance(0.3) ? graph_.AddOp(OpType::kSoftmax, Next("softmax"), {x}, SoftmaxParams{}) : x;
  }

  Random random_;
  Ops ops_;
  Graph graph_;
};

}  // namespace disco
