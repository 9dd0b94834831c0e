// SPDX-License-Identifier: Apache-2.0
// How a Conv is given to LibTorch. Its convolutions are oneDNN's, of which some write outside of
// their memory, never end or are wrong: tests/conv_sweep finds them,
// docs/design/training-convolutions.md says which, and this file alone keeps away from them.
#include "disco/op/op_name.h"
#include "disco/op/window.h"
#include "disco/train/torch_op.h"
#include "disco/train/torch_window.h"

namespace disco {
namespace {

struct ConvArguments {
  std::vector<int64_t> strides, pads, dilations;
  int64_t group = 1;
};

// What is done: the input padded, then sampled, then convolved.
struct ConvSteps {
  std::vector<int64_t> pads_begin, pads_end;
  std::vector<int64_t> sample;  // strides; empty: every position
  ConvArguments with;
  bool bf16 = false;  // where Autocast asks for it
};

// Every stride-th position of each spatial axis. An average over one position is that position; it
// keeps the layout in both directions, which slices do not.
at::Tensor TakeEvery(const at::Tensor& input, const std::vector<int64_t>& strides) {
  const std::vector<int64_t> one(strides.size(), 1);
  switch (strides.size()) {
    case 1:
      return at::avg_pool1d(input, one, strides);
    case 2:
      return at::avg_pool2d(input, one, strides);
    default:
      return at::avg_pool3d(input, one, strides);
  }
}

// The windows along the first spatial axis, D, become features: a convolution over the other two of
// [N * D', C * kernel, H, W]. oneDNN's own over three axes write outside of their memory where a
// processor has AVX-512.
at::Tensor Convolve3d(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias,
                      const ConvArguments& with) {
  const int64_t kernel = weight.size(2), reach = (kernel - 1) * with.dilations[0] + 1;
  const at::Tensor windows = input.unfold(2, reach, with.strides[0])
                                 .slice(5, 0, reach, with.dilations[0])
                                 .permute({0, 2, 1, 5, 3, 4});  // [N, D', C, kernel, H, W]
  const at::Tensor maps = windows.reshape(
      {windows.size(0) * windows.size(1), input.size(1) * kernel, input.size(3), input.size(4)});
  const std::vector<int64_t> no_pads(2, 0);
  const at::Tensor output =
      at::conv2d(maps, weight.flatten(1, 2), bias, {with.strides[1], with.strides[2]}, no_pads,
                 {with.dilations[1], with.dilations[2]}, with.group);
  return output.unflatten(0, {windows.size(0), windows.size(1)}).transpose(1, 2);
}

// One function per rank, because those are the ones that Autocast knows.
at::Tensor Convolve(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias,
                    const ConvArguments& with) {
  switch (with.strides.size()) {
    case 1:
      return at::conv1d(input, weight, bias, with.strides, with.pads, with.dilations, with.group);
    case 2:
      return at::conv2d(input, weight, bias, with.strides, with.pads, with.dilations, with.group);
    default:
      return Convolve3d(input, weight, bias, with);
  }
}

// Whether the element of the kernel reads the map at any position of the output.
bool TapReads(const ResolvedWindow& window, size_t axis, int64_t tap, int64_t extent) {
  for (int64_t position = 0; position < window.output[axis]; ++position) {
    const int64_t read =
        position * window.strides[axis] - window.pads_begin[axis] + tap * window.dilations[axis];
    if (read >= 0 && read < extent) return true;
  }
  return false;
}

// In bfloat16, gradients are wrong for features that fill no whole vectors and for dilated kernels,
// and those of taps that read nothing but padding are not written at all.
bool RightInBf16(const ResolvedWindow& window, const Shape& input, const Shape& weight,
                 int64_t group) {
  constexpr int64_t kLanes = 16;
  const size_t axes = window.kernel.size();
  if (axes > 2 || weight[1] % kLanes != 0 || weight[0] / group % kLanes != 0) return false;
  for (size_t axis = 0; axis < axes; ++axis) {
    if (window.dilations[axis] != 1) return false;
    for (int64_t tap = 0; tap < window.kernel[axis]; ++tap) {
      if (!TapReads(window, axis, tap, input[static_cast<int>(axis) + 2])) return false;
    }
  }
  return true;
}

// A kernel of one position with strides is never left to oneDNN: its weight gradient, channels
// last, of fewer inputs than a vector has lanes, writes outside of its memory, does not end or is
// wrong (oneDNN issue 6035). The positions that such a kernel reads are taken first; what follows
// has no strides.
ConvSteps StepsOf(const ResolvedWindow& window, int64_t group) {
  const std::vector<int64_t> none(window.strides.size(), 0), every(window.strides.size(), 1);
  const bool sampled = window.kernel == every && window.strides != every;
  // LibTorch pads symmetrically only.
  const bool pads_itself = window.pads_begin == window.pads_end && !sampled && every.size() < 3;
  ConvSteps steps{none, none, {}, {window.strides, none, window.dilations, group}};
  if (pads_itself) {
    steps.with.pads = window.pads_begin;
  } else {
    steps.pads_begin = window.pads_begin;
    steps.pads_end = window.pads_end;
  }
  if (sampled) {
    steps.sample = window.strides;
    steps.with.strides = every;
  }
  return steps;
}

at::Tensor Run(const ConvSteps& steps, const at::Tensor& given, const at::Tensor& weight,
               const at::Tensor& bias) {
  at::Tensor input = PadLastAxes(given, steps.pads_begin, steps.pads_end, 0);
  if (!steps.sample.empty()) input = TakeEvery(input, steps.sample);
  if (steps.bf16) return Convolve(input, weight, bias, steps.with);
  const WithoutAutocast in_float;
  return Convolve(input.to(at::kFloat), weight.to(at::kFloat), bias, steps.with);
}

Result<TorchOp> MakeConv(const Graph& graph, const Op& op) {
  DISCO_ASSIGN(const ResolvedWindow window, WindowOf(graph, op));
  if (window.strides.size() > 3) {
    return OpError(op, ErrorKind::kUnsupported, "cannot be trained with more than 3 spatial axes");
  }
  const int64_t group = op.as<ConvParams>().group;
  ConvSteps steps = StepsOf(window, group);
  steps.bf16 =
      RightInBf16(window, graph.value(op.inputs[0]).shape, graph.value(op.inputs[1]).shape, group);
  return [steps](std::span<const at::Tensor> inputs, const ForwardMode&) {
    return Run(steps, inputs[0], inputs[1], inputs.size() > 2 ? inputs[2] : at::Tensor());
  };
}

}  // namespace

std::span<const TorchEntry> TorchConv() {
  static constexpr TorchEntry kEntries[] = {
      {OpType::kConv, MakeConv},
  };
  return kEntries;
}

}  // namespace disco
