// SPDX-License-Identifier: Apache-2.0
#include "tests/conv_sweep/conv_case.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "disco/base/random.h"

namespace disco {
namespace {

constexpr int64_t kFeatures = 40, kStrides = 3, kLayouts = 2;
constexpr int64_t kLanes = 16;  // of an AVX-512 vector
constexpr std::array<int64_t, 4> kKernels = {1, 3, 5, 7};
constexpr int64_t kCells = kFeatures * kFeatures * kStrides * kKernels.size() * kLayouts;
// Prime, and no factor of kCells: its multiples visit each cell once.
constexpr int64_t kStep = 15013;
// One case of so many is a shortcut (see DrawShortcut) and no cell of the grid.
constexpr int64_t kShortcutEvery = 4;
// Multiplications of a case at most: plain sums take some milliseconds.
constexpr int64_t kMostMultiplications = 1'000'000;

int64_t Product(const std::vector<int64_t>& factors) {
  int64_t product = 1;
  for (const int64_t factor : factors) product *= factor;
  return product;
}

void DrawGroups(Random& random, ConvCase& drawn) {
  const double share = random.Uniform();
  if (share < 0.7) return;
  if (share < 0.85) {
    drawn.group = drawn.in;
    drawn.out = drawn.in * (1 + random.Below(2));
    return;
  }
  drawn.group = 2 + random.Below(3);
  const auto up = [&](int64_t features) {
    return (features + drawn.group - 1) / drawn.group * drawn.group;
  };
  drawn.in = up(drawn.in);
  drawn.out = up(drawn.out);
}

int64_t DrawExtent(Random& random, int64_t least) {
  const double share = random.Uniform();
  const int64_t extra = share < 0.5 ? random.Below(8) : random.Below(share < 0.8 ? 16 : 36);
  return least + extra;
}

void DrawAxis(Random& random, int64_t usual_kernel, int64_t stride, ConvCase& drawn) {
  const int64_t kernel = random.Uniform() < 0.9 ? usual_kernel : 1;
  const int64_t dilation = random.Uniform() < 0.9 ? 1 : 2;
  const int64_t pad = random.Below(2) * (kernel / 2) + (random.Uniform() < 0.1 ? 1 : 0);
  const int64_t least = std::max<int64_t>(1, (kernel - 1) * dilation + 1 - 2 * pad);
  drawn.kernel.push_back(kernel);
  drawn.strides.push_back(random.Uniform() < 0.9 ? stride : 1 + random.Below(kStrides));
  drawn.dilations.push_back(dilation);
  drawn.pads.push_back(pad);
  drawn.extents.push_back(DrawExtent(random, least));
}

int64_t Multiplications(const ConvCase& drawn) {
  return Product(drawn.OutputShape()) * Product(drawn.WeightShape()) / drawn.out;
}

// Fewer inputs of the batch, then smaller maps, as long as every kernel fits.
void Shrink(ConvCase& drawn) {
  while (drawn.batch > 1 && Multiplications(drawn) > kMostMultiplications) --drawn.batch;
  const int64_t kernel_fits = 2 * kKernels.back();
  auto longest = drawn.extents.begin();
  while (Multiplications(drawn) > kMostMultiplications && *longest > kernel_fits) {
    --*longest;
    longest = std::max_element(drawn.extents.begin(), drawn.extents.end());
  }
}

// What residual networks have beside their blocks, where oneDNN was found to be wrong.
ConvCase DrawShortcut(Random& random) {
  ConvCase drawn{.in = 1 + random.Below(kFeatures / 2),
                 .out = 1 + random.Below(kFeatures),
                 .channels_last = true};
  const int64_t stride = 2 + random.Below(kStrides - 1);
  for (int axis = 0; axis < 2; ++axis) {
    drawn.kernel.push_back(1);
    drawn.strides.push_back(stride);
    drawn.pads.push_back(0);
    drawn.dilations.push_back(1);
    drawn.extents.push_back(DrawExtent(random, 1));
  }
  return drawn;
}

ConvCase DrawCell(int64_t number, Random& random) {
  int64_t cell = number * kStep % kCells;
  const auto take = [&](int64_t choices) {
    const int64_t chosen = cell % choices;
    cell /= choices;
    return chosen;
  };
  ConvCase drawn;
  drawn.channels_last = take(kLayouts) == 1;
  const int64_t kernel = kKernels[static_cast<size_t>(take(kKernels.size()))];
  const int64_t stride = 1 + take(kStrides);
  drawn.in = 1 + take(kFeatures);
  drawn.out = 1 + take(kFeatures);
  if (random.Uniform() < 0.2) {  // whole vectors, as most networks have them
    drawn.in = kLanes * (1 + drawn.in % 3);
    drawn.out = kLanes * (1 + drawn.out % 3);
  }
  DrawGroups(random, drawn);
  const double share = random.Uniform();
  const int axes = share < 0.7 ? 2 : share < 0.9 ? 1 : 3;
  for (int axis = 0; axis < axes; ++axis) DrawAxis(random, kernel, stride, drawn);
  return drawn;
}

}  // namespace

const int64_t kConvCases = kCells / (kShortcutEvery - 1) * kShortcutEvery;

std::vector<int64_t> ConvCase::InputShape() const {
  std::vector<int64_t> shape = {batch, in};
  shape.insert(shape.end(), extents.begin(), extents.end());
  return shape;
}

std::vector<int64_t> ConvCase::WeightShape() const {
  std::vector<int64_t> shape = {out, in / group};
  shape.insert(shape.end(), kernel.begin(), kernel.end());
  return shape;
}

std::vector<int64_t> ConvCase::OutputShape() const {
  std::vector<int64_t> shape = {batch, out};
  for (size_t axis = 0; axis < extents.size(); ++axis) {
    const int64_t reach = (kernel[axis] - 1) * dilations[axis] + 1;
    shape.push_back((extents[axis] + 2 * pads[axis] - reach) / strides[axis] + 1);
  }
  return shape;
}

ConvCase MakeConvCase(int64_t number, bool with_bf16) {
  Random random(1, static_cast<uint64_t>(number));
  ConvCase drawn = number % kShortcutEvery == 0
                       ? DrawShortcut(random)
                       : DrawCell(number - number / kShortcutEvery - 1, random);
  drawn.bias = random.Uniform() < 0.5;
  drawn.bf16 = random.Uniform() < 0.2 && with_bf16;
  drawn.batch = 1 + random.Below(8);
  Shrink(drawn);
  return drawn;
}

std::string ToString(const ConvCase& drawn) {
  return fmt::format(
      "[{}] with weights [{}], group {}, strides [{}], pads [{}], dilations [{}], {}{}{}",
      fmt::join(drawn.InputShape(), ", "), fmt::join(drawn.WeightShape(), ", "), drawn.group,
      fmt::join(drawn.strides, ", "), fmt::join(drawn.pads, ", "), fmt::join(drawn.dilations, ", "),
      drawn.channels_last ? "channels last" : "contiguous", drawn.bias ? ", bias" : "",
      drawn.bf16 ? ", bfloat16" : "");
}

}  // namespace disco
