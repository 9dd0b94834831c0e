// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "disco/kernel/reference/ops.h"
#include "disco/kernel/reference/window.h"
#include "disco/op/window.h"

namespace disco::reference {
namespace {

// X [N, G * C, D...] -> Y [N, G * M, D'...]
struct ConvSizes {
  int64_t batch, groups, inputs, outputs;  // N, G, C, M
};

constexpr int64_t kBlock = 16;  // output positions that share one pass over the weights

// W [G * M, C, K...] -> [G, K..., C, M], so that the innermost loop runs over M neighbours.
std::vector<double> OutputsInnermost(const Tensor& weights, const ConvSizes& sizes, int64_t taps) {
  const auto from = weights.Data<float>();
  std::vector<double> to(from.size());
  size_t at = 0;
  for (int64_t g = 0; g < sizes.groups; ++g) {
    for (int64_t tap = 0; tap < taps; ++tap) {
      for (int64_t c = 0; c < sizes.inputs; ++c) {
        for (int64_t m = 0; m < sizes.outputs; ++m) {
          const int64_t row = (g * sizes.outputs + m) * sizes.inputs + c;
          to[at++] = static_cast<double>(from[static_cast<size_t>(row * taps + tap)]);
        }
      }
    }
  }
  return to;
}

// sums [positions, M] += the products of one image and group. `taps` is [positions, K...].
void Accumulate(const float* image, int64_t image_extent, const double* weights,
                const ConvSizes& sizes, std::span<const int64_t> taps, int64_t positions,
                std::vector<double>& sums) {
  const int64_t tap_count = static_cast<int64_t>(taps.size()) / kBlock;
  for (int64_t tap = 0; tap < tap_count; ++tap) {
    for (int64_t c = 0; c < sizes.inputs; ++c) {
      const double* row = weights + (tap * sizes.inputs + c) * sizes.outputs;
      for (int64_t p = 0; p < positions; ++p) {
        const int64_t at = taps[static_cast<size_t>(p * tap_count + tap)];
        if (at < 0) continue;
        const double x = image[c * image_extent + at];
        double* sum = &sums[static_cast<size_t>(p * sizes.outputs)];
        for (int64_t m = 0; m < sizes.outputs; ++m) sum[m] += x * row[m];
      }
    }
  }
}

Outputs Conv(const Call& call) {
  DISCO_TRY(RequireFloat(call));
  DISCO_ASSIGN(ResolvedWindow resolved, WindowOf(call.graph, call.op));
  const WindowTaps window(std::move(resolved), call.in(0).shape());
  const Shape& shape = call.in(1).shape();
  const int64_t groups = call.op.as<ConvParams>().group;
  const ConvSizes sizes{call.in(0).shape()[0], groups, shape[1], shape[0] / groups};
  const std::vector<double> weights = OutputsInnermost(call.in(1), sizes, window.taps());
  Tensor result = call.NewOutput();

  const float* x = call.in(0).Data<float>().data();
  const float* bias = call.Has(2) ? call.in(2).Data<float>().data() : nullptr;
  float* y = result.MutableData<float>().data();
  std::vector<int64_t> taps(static_cast<size_t>(kBlock * window.taps()));
  std::vector<double> sums(static_cast<size_t>(kBlock * sizes.outputs));
  for (int64_t first = 0; first < window.outputs(); first += kBlock) {
    const int64_t positions = std::min(kBlock, window.outputs() - first);
    for (int64_t p = 0; p < positions; ++p) {
      window.Locate(first + p, std::span(taps).subspan(static_cast<size_t>(p * window.taps())));
    }
    for (int64_t block = 0; block < sizes.batch * groups; ++block) {  // one image and group
      const int64_t g = block % groups;
      if (g == 0) DISCO_TRY(call.GoOn());
      std::fill(sums.begin(), sums.end(), 0.0);
      Accumulate(x + block * sizes.inputs * window.inputs(), window.inputs(),
                 weights.data() + g * window.taps() * sizes.inputs * sizes.outputs, sizes, taps,
                 positions, sums);
      for (int64_t m = 0; m < sizes.outputs; ++m) {
        const double start =
            bias == nullptr ? 0.0 : static_cast<double>(bias[g * sizes.outputs + m]);
        for (int64_t p = 0; p < positions; ++p) {
          y[(block * sizes.outputs + m) * window.outputs() + first + p] =
              static_cast<float>(start + sums[static_cast<size_t>(p * sizes.outputs + m)]);
        }
      }
    }
  }
  return std::vector{result};
}

Bytes ConvBytes(const Graph& graph, const Op& op) {
  const int64_t outputs = graph.value(op.inputs[1]).shape[0];  // of all groups
  constexpr int64_t kSums = kBlock * sizeof(double);
  return Bytes{outputs * kSums} + TapBytes(graph, op);
}

}  // namespace

std::span<const KernelEntry> ConvKernels() {
  static constexpr KernelEntry kEntries[] = {{OpType::kConv, {Conv, ConvBytes}}};
  return kEntries;
}

}  // namespace disco::reference
