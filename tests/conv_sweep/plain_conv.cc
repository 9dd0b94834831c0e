// SPDX-License-Identifier: Apache-2.0
#include "tests/conv_sweep/plain_conv.h"

#include <array>

#include "disco/base/random.h"

namespace disco {
namespace {

constexpr size_t kAxes = 3;
using Axes = std::array<int64_t, kAxes>;

// Axes that are absent come first, with `absent` on them.
Axes Widen(const std::vector<int64_t>& values, int64_t absent) {
  Axes axes;
  axes.fill(absent);
  std::copy(values.begin(), values.end(), axes.end() - static_cast<int64_t>(values.size()));
  return axes;
}

std::vector<int64_t> SpatialPart(const std::vector<int64_t>& shape) {
  return {shape.begin() + 2, shape.end()};
}

struct Geometry {
  Axes input, kernel, output, strides, pads, dilations;

  explicit Geometry(const ConvCase& drawn)
      : input(Widen(drawn.extents, 1)),
        kernel(Widen(drawn.kernel, 1)),
        output(Widen(SpatialPart(drawn.OutputShape()), 1)),
        strides(Widen(drawn.strides, 1)),
        pads(Widen(drawn.pads, 0)),
        dilations(Widen(drawn.dilations, 1)) {}

  // The element of the input map that a tap reads at a position; -1 in the padding.
  int64_t Read(const Axes& position, const Axes& tap) const {
    int64_t offset = 0;
    for (size_t axis = 0; axis < kAxes; ++axis) {
      const int64_t at = position[axis] * strides[axis] - pads[axis] + tap[axis] * dilations[axis];
      if (at < 0 || at >= input[axis]) return -1;
      offset = offset * input[axis] + at;
    }
    return offset;
  }
};

int64_t Volume(const Axes& extents) { return extents[0] * extents[1] * extents[2]; }

Axes Unravel(int64_t index, const Axes& extents) {
  return {index / (extents[1] * extents[2]), index / extents[2] % extents[1], index % extents[2]};
}

// Map pairs that a tap joins: for output position p, reads[p].
std::vector<int64_t> ReadsOf(const Geometry& geometry, const Axes& tap) {
  std::vector<int64_t> reads(static_cast<size_t>(Volume(geometry.output)));
  for (size_t p = 0; p < reads.size(); ++p) {
    reads[p] = geometry.Read(Unravel(static_cast<int64_t>(p), geometry.output), tap);
  }
  return reads;
}

// One tap of one (input map, output map): pointers to those maps, and to what is summed there.
struct Maps {
  const float *input, *output_gradient;
  double *output, *input_gradient;
};

double AddTap(const std::vector<int64_t>& reads, double weight, const Maps& maps) {
  double weight_gradient = 0;
  for (size_t p = 0; p < reads.size(); ++p) {
    if (reads[p] < 0) continue;
    maps.output[p] += weight * maps.input[reads[p]];
    maps.input_gradient[reads[p]] += weight * maps.output_gradient[p];
    weight_gradient += static_cast<double>(maps.output_gradient[p]) * maps.input[reads[p]];
  }
  return weight_gradient;
}

void AddBias(const ConvCase& drawn, const ConvData& data, int64_t positions, ConvResults& results) {
  for (size_t i = 0; i < results.output.size(); ++i) {
    const size_t feature = i / static_cast<size_t>(positions) % static_cast<size_t>(drawn.out);
    results.output[i] += data.bias[feature];
    results.bias_gradient[feature] += data.output_gradient[i];
  }
}

size_t Elements(const std::vector<int64_t>& shape) {
  int64_t product = 1;
  for (const int64_t extent : shape) product *= extent;
  return static_cast<size_t>(product);
}

}  // namespace

ConvData MakeConvData(const ConvCase& drawn, uint64_t seed) {
  Random random(seed, 2);
  const auto fill = [&](size_t elements) {
    std::vector<float> values(elements);
    for (float& value : values) value = static_cast<float>(random.Below(17) - 8) / 8;
    return values;
  };
  return {.input = fill(Elements(drawn.InputShape())),
          .weight = fill(Elements(drawn.WeightShape())),
          .bias = fill(drawn.bias ? static_cast<size_t>(drawn.out) : 0),
          .output_gradient = fill(Elements(drawn.OutputShape()))};
}

ConvResults PlainConv(const ConvCase& drawn, const ConvData& data) {
  ConvResults results{.output = std::vector<double>(data.output_gradient.size()),
                      .input_gradient = std::vector<double>(data.input.size()),
                      .weight_gradient = std::vector<double>(data.weight.size()),
                      .bias_gradient = std::vector<double>(data.bias.size())};
  const Geometry geometry(drawn);
  const int64_t inputs = drawn.in / drawn.group, outputs = drawn.out / drawn.group;
  const int64_t taps = Volume(geometry.kernel);
  for (int64_t tap = 0; tap < taps; ++tap) {
    const std::vector<int64_t> reads = ReadsOf(geometry, Unravel(tap, geometry.kernel));
    for (int64_t pair = 0; pair < drawn.batch * drawn.out * inputs; ++pair) {
      const int64_t i = pair % inputs, o = pair / inputs % drawn.out;
      const int64_t n = pair / inputs / drawn.out;
      const int64_t from = (n * drawn.in + o / outputs * inputs + i) * Volume(geometry.input);
      const int64_t to = (n * drawn.out + o) * Volume(geometry.output);
      const auto weight = static_cast<size_t>((o * inputs + i) * taps + tap);
      results.weight_gradient[weight] +=
          AddTap(reads, data.weight[weight],
                 {data.input.data() + from, data.output_gradient.data() + to,
                  results.output.data() + to, results.input_gradient.data() + from});
    }
  }
  if (drawn.bias) AddBias(drawn, data, Volume(geometry.output), results);
  return results;
}

}  // namespace disco
