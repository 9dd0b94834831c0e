// SPDX-License-Identifier: Apache-2.0
#include "disco/train/torch_op.h"
#include "disco/train/torch_window.h"

namespace disco {

Result<TorchOp> MakeTorchConv(const Graph& graph, const Op& op) {
  DISCO_ASSIGN(ResolvedWindow window, WindowOf(graph, op));
  const int64_t group = op.as<ConvParams>().group;
  const bool symmetric = window.pads_begin == window.pads_end;
  const std::vector<int64_t> inner(window.strides.size(), 0);
  return [=](std::span<const at::Tensor> inputs, const ForwardMode&) {
    const at::Tensor bias = inputs.size() > 2 ? inputs[2] : at::Tensor();
    const at::Tensor input =
        symmetric ? inputs[0] : PadLastAxes(inputs[0], window.pads_begin, window.pads_end, 0);
    return at::convolution(input, inputs[1], bias, window.strides,
                           symmetric ? window.pads_begin : inner, window.dilations, false, inner,
                           group);
  };
}

}  // namespace disco
