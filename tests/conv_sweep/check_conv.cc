// SPDX-License-Identifier: Apache-2.0
#include "tests/conv_sweep/check_conv.h"

#include <cmath>

#include "disco/op/infer_shapes.h"
#include "disco/train/torch_op.h"
#include "tests/conv_sweep/plain_conv.h"

namespace disco {
namespace {

at::Tensor MakeTensor(const std::vector<float>& values, const std::vector<int64_t>& shape,
                      bool channels_last) {
  at::Tensor tensor = at::empty(shape);
  std::copy(values.begin(), values.end(), tensor.data_ptr<float>());
  if (!channels_last) return tensor;
  if (tensor.dim() == 4) return tensor.contiguous(at::MemoryFormat::ChannelsLast);
  if (tensor.dim() == 5) return tensor.contiguous(at::MemoryFormat::ChannelsLast3d);
  return tensor.transpose(1, 2).contiguous().transpose(1, 2);
}

// A graph of the one convolution.
Graph GraphOf(const ConvCase& drawn) {
  Graph graph;
  graph.inputs = {graph.AddValue("x", DType::kF32, Shape(drawn.InputShape()))};
  std::vector<ValueId> inputs = graph.inputs;
  inputs.push_back(graph.AddConstant("w", Tensor(DType::kF32, Shape(drawn.WeightShape()))));
  if (drawn.bias) inputs.push_back(graph.AddConstant("b", Tensor(DType::kF32, {drawn.out})));
  ConvParams params{.group = drawn.group};
  params.window.strides = drawn.strides;
  params.window.dilations = drawn.dilations;
  params.window.pads_begin = params.window.pads_end = drawn.pads;
  graph.outputs = {graph.AddOp(OpType::kConv, "conv", inputs, params)};
  return graph;
}

Result<TorchOp> MakeOp(const ConvCase& drawn, ConvRoute route) {
  if (route == ConvRoute::kDisco) {
    Graph graph = GraphOf(drawn);
    DISCO_TRY(InferShapes(graph));
    return MakeTorchOp(graph, graph.ops[0]);
  }
  return [drawn](std::span<const at::Tensor> inputs, const ForwardMode&) {
    const at::Tensor bias = drawn.bias ? inputs[2] : at::Tensor();
    const auto run = [&](auto convolve) {
      return convolve(inputs[0], inputs[1], bias, drawn.strides, drawn.pads, drawn.dilations,
                      drawn.group);
    };
    const auto rank = drawn.extents.size();
    // Not at::convolution, which Autocast does not know.
    if (rank == 1) return run([](auto&&... with) { return at::conv1d(with...); });
    if (rank == 2) return run([](auto&&... with) { return at::conv2d(with...); });
    return run([](auto&&... with) { return at::conv3d(with...); });
  };
}

// Empty when `actual` is `expected`. Sums are exact (see MakeConvData); bfloat16 rounds the result.
std::string Compare(const char* what, const at::Tensor& actual, const std::vector<double>& expected,
                    bool bf16) {
  const at::Tensor rows = actual.detach().to(at::kFloat).contiguous();
  if (rows.numel() != static_cast<int64_t>(expected.size())) return fmt::format("{} size; ", what);
  const double allowed = bf16 ? 0x1p-7 : 0;
  double difference = 0, magnitude = 1e-30;
  size_t wrong = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    const double off = std::abs(rows.data_ptr<float>()[i] - expected[i]);
    magnitude = std::max(magnitude, std::abs(expected[i]));
    if (off <= allowed * std::abs(expected[i])) continue;
    ++wrong;
    difference = std::max(difference, std::isfinite(off) ? off : 1e30);
  }
  if (wrong == 0) return {};
  return fmt::format("{}: {} of {} wrong, by up to {:.2g} of the largest; ", what, wrong,
                     expected.size(), difference / magnitude);
}

}  // namespace

std::string CheckConv(const ConvCase& drawn, ConvRoute route) {
  const ConvData data = MakeConvData(drawn, 1);
  const ConvResults expected = PlainConv(drawn, data);
  std::string verdict;
  const Status status = Guarded([&]() -> Status {
    DISCO_ASSIGN(const TorchOp op, MakeOp(drawn, route));
    std::vector<at::Tensor> inputs = {
        MakeTensor(data.input, drawn.InputShape(), drawn.channels_last),
        MakeTensor(data.weight, drawn.WeightShape(), drawn.channels_last)};
    if (drawn.bias) inputs.push_back(MakeTensor(data.bias, {drawn.out}, false));
    for (at::Tensor& input : inputs) input.set_requires_grad(true);
    at::Tensor output;
    {
      const Autocast autocast(drawn.bf16);
      output = op(inputs, ForwardMode::Training());
    }
    verdict += Compare("output", output, expected.output, drawn.bf16);
    output.backward(MakeTensor(data.output_gradient, drawn.OutputShape(), drawn.channels_last)
                        .to(output.scalar_type()));
    verdict += Compare("data gradient", inputs[0].grad(), expected.input_gradient, drawn.bf16);
    verdict += Compare("weight gradient", inputs[1].grad(), expected.weight_gradient, drawn.bf16);
    if (drawn.bias)
      verdict += Compare("bias gradient", inputs[2].grad(), expected.bias_gradient, drawn.bf16);
    return {};
  });
  if (!status) verdict += status.error().message;
  return verdict;
}

}  // namespace disco
