// SPDX-License-Identifier: Apache-2.0
#include "disco/zoo/builder.h"

#include <cmath>

#include "disco/base/hash.h"

namespace disco {

Tensor Builder::Allocate(const Shape& shape) {
  double elements = 1;
  for (const int64_t extent : shape) elements *= static_cast<double>(extent);
  parameters_ += elements;
  return Tensor(DType::kF32, weights_ == Weights::kDrawn ? shape : Shape{0});
}

Tensor Builder::Filled(int64_t features, float value) {
  Tensor tensor = Allocate({features});
  for (float& element : tensor.MutableData<float>()) element = value;
  return tensor;
}

Tensor Builder::Normal(const std::string& name, const Shape& shape, double deviation) {
  Tensor tensor = Allocate(shape);
  Random random(seed_,
                Hash(name));  // by name: a layer's weights do not depend on the layers before it
  for (float& weight : tensor.MutableData<float>())
    weight = static_cast<float>(deviation * random.Normal());
  return tensor;
}

ValueId Builder::Conv(const std::string& name, ValueId input, const ConvLayer& layer) {
  const Shape shape{layer.features, FeaturesOf(input), layer.kernel, layer.kernel};
  const auto fan_out = static_cast<double>(layer.features * layer.kernel * layer.kernel);
  const ValueId weights =
      graph_.AddConstant(name + ".weight", Normal(name, shape, std::sqrt(2 / fan_out)));
  Window window;
  window.kernel = {layer.kernel, layer.kernel};
  window.strides = {layer.stride, layer.stride};
  window.pads_begin = window.pads_end = {layer.kernel / 2, layer.kernel / 2};
  const ValueId output =
      graph_.AddOp(OpType::kConv, name, {input, weights}, ConvParams{std::move(window), 1});
  SetFeatures(output, layer.features);
  return output;
}

ValueId Builder::BatchNorm(const std::string& name, ValueId input) {
  const int64_t features = FeaturesOf(input);
  auto constant = [&](const char* what, float value) {
    return graph_.AddConstant(name + what, Filled(features, value));
  };
  const ValueId scale = constant(".weight", 1);
  const ValueId shift = constant(".bias", 0);
  const ValueId mean = constant(".running_mean", 0);
  const ValueId variance = constant(".running_var", 1);
  const ValueId output = graph_.AddOp(OpType::kBatchNormalization, name,
                                      {input, scale, shift, mean, variance}, BatchNormParams{});
  SetFeatures(output, features);
  return output;
}

ValueId Builder::Relu(const std::string& name, ValueId input) {
  const ValueId output = graph_.AddOp(OpType::kRelu, name, {input});
  SetFeatures(output, FeaturesOf(input));
  return output;
}

ValueId Builder::Add(const std::string& name, ValueId a, ValueId b) {
  const ValueId output = graph_.AddOp(OpType::kAdd, name, {a, b});
  SetFeatures(output, FeaturesOf(a));
  return output;
}

ValueId Builder::MaxPool(const std::string& name, ValueId input, const ConvLayer& layer) {
  PoolParams params;
  params.window.kernel = {layer.kernel, layer.kernel};
  params.window.strides = {layer.stride, layer.stride};
  params.window.pads_begin = params.window.pads_end = {layer.kernel / 2, layer.kernel / 2};
  const ValueId output = graph_.AddOp(OpType::kMaxPool, name, {input}, std::move(params));
  SetFeatures(output, FeaturesOf(input));
  return output;
}

ValueId Builder::Classifier(ValueId input, int64_t classes) {
  const int64_t features = FeaturesOf(input);
  const ValueId pooled = graph_.AddOp(OpType::kGlobalAveragePool, "avgpool", {input});
  const ValueId flat = graph_.AddOp(OpType::kFlatten, "flatten", {pooled}, AxisParams{1});
  const double deviation = 1 / std::sqrt(3 * static_cast<double>(features));
  const ValueId weights =
      graph_.AddConstant("fc.weight", Normal("fc", {classes, features}, deviation));
  const ValueId bias = graph_.AddConstant("fc.bias", Filled(classes, 0));
  const ValueId logits =
      graph_.AddOp(OpType::kGemm, "fc", {flat, weights, bias}, GemmParams{.transpose_b = true});
  graph_.value(logits).name = "logits";
  return logits;
}

}  // namespace disco
