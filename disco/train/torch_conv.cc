// SPDX-License-Identifier: Apache-2.0
#include "disco/train/torch_op.h"
#include "disco/train/torch_window.h"

namespace disco {
namespace {

struct ConvArguments {
  std::vector<int64_t> strides, pads, dilations;
  int64_t group = 1;
};

// One function per rank, because those are the ones that Autocast knows.
at::Tensor Convolve(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias,
                    const ConvArguments& with) {
  switch (with.strides.size()) {
    case 1:
      return at::conv1d(input, weight, bias, with.strides, with.pads, with.dilations, with.group);
    case 2:
      return at::conv2d(input, weight, bias, with.strides, with.pads, with.dilations, with.group);
    default:
      return at::conv3d(input, weight, bias, with.strides, with.pads, with.dilations, with.group);
  }
}

}  // namespace

Result<TorchOp> MakeTorchConv(const Graph& graph, const Op& op) {
  DISCO_ASSIGN(const ResolvedWindow window, WindowOf(graph, op));
  if (window.strides.size() > 3) {
    return OpError(op, ErrorKind::kUnsupported, "cannot be trained with more than 3 spatial axes");
  }
  const bool symmetric = window.pads_begin == window.pads_end;
  const std::vector<int64_t> none(window.strides.size(), 0);
  const std::vector<int64_t> begin = symmetric ? none : window.pads_begin;
  const std::vector<int64_t> end = symmetric ? none : window.pads_end;
  const ConvArguments with{window.strides, symmetric ? window.pads_begin : none, window.dilations,
                           op.as<ConvParams>().group};
  return [=](std::span<const at::Tensor> inputs, const ForwardMode&) {
    const at::Tensor bias = inputs.size() > 2 ? inputs[2] : at::Tensor();
    return Convolve(PadLastAxes(inputs[0], begin, end, 0), inputs[1], bias, with);
  };
}

}  // namespace disco
