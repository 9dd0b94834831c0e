// SPDX-License-Identifier: Apache-2.0
#include "disco/data/transform.h"

#include <algorithm>
#include <cmath>

namespace disco {
namespace {

constexpr int kFractionBits = 22;  // 8 bits of pixel + 22 of weight stay below 2^31
constexpr int32_t kHalf = 1 << (kFractionBits - 1);

// The input pixels that one output pixel averages: first, first + 1, ... with weights that sum to 1
// << 22.
struct Taps {
  int first = 0;
  std::vector<int32_t> weights;
};

std::vector<Taps> TriangleTaps(int from, int to) {
  const double scale = static_cast<double>(from) / to;
  const double reach = std::max(scale, 1.0);  // half the width of the triangle, in input pixels
  std::vector<Taps> result(static_cast<size_t>(to));
  std::vector<double> weights;
  for (int i = 0; i < to; ++i) {
    const double center = (i + 0.5) * scale;
    const int first = std::max(0, static_cast<int>(center - reach + 0.5));
    const int last = std::min(from, static_cast<int>(center + reach + 0.5));
    weights.clear();
    double sum = 0;
    for (int x = first; x < last; ++x) {
      weights.push_back(std::max(0.0, 1 - std::abs((x + 0.5 - center) / reach)));
      sum += weights.back();
    }
    Taps& taps = result[static_cast<size_t>(i)];
    taps.first = first;
    for (const double weight : weights) {
      taps.weights.push_back(static_cast<int32_t>(weight / sum * (1 << kFractionBits) + 0.5));
    }
  }
  return result;
}

uint8_t Rounded(int32_t sum) {
  return static_cast<uint8_t>(std::clamp(sum >> kFractionBits, 0, 255));
}

Image ResizeColumns(const Image& image, int width) {
  const std::vector<Taps> columns = TriangleTaps(image.width, width);
  Image result{width, image.height, std::vector<uint8_t>(size_t(width) * size_t(image.height) * 3)};
  uint8_t* target = result.rgb.data();
  for (int y = 0; y < image.height; ++y) {
    const uint8_t* row = image.rgb.data() + size_t(y) * size_t(image.width) * 3;
    for (const Taps& taps : columns) {
      int32_t sum[3] = {kHalf, kHalf, kHalf};
      const uint8_t* pixel = row + size_t(taps.first) * 3;
      for (const int32_t weight : taps.weights) {
        for (int c = 0; c < 3; ++c) sum[c] += weight * *pixel++;
      }
      for (int c = 0; c < 3; ++c) *target++ = Rounded(sum[c]);
    }
  }
  return result;
}

Image ResizeRows(const Image& image, int height) {
  const std::vector<Taps> rows = TriangleTaps(image.height, height);
  const size_t stride = size_t(image.width) * 3;
  Image result{image.width, height, std::vector<uint8_t>(stride * size_t(height))};
  std::vector<int32_t> sums(stride);
  uint8_t* target = result.rgb.data();
  for (const Taps& taps : rows) {
    std::fill(sums.begin(), sums.end(), kHalf);
    const uint8_t* row = image.rgb.data() + size_t(taps.first) * stride;
    for (const int32_t weight : taps.weights) {
      for (size_t i = 0; i < stride; ++i) sums[i] += weight * row[i];
      row += stride;
    }
    target = std::transform(sums.begin(), sums.end(), target, Rounded);
  }
  return result;
}

}  // namespace

Image Resize(const Image& image, int width, int height) {
  if (image.width == width) return image.height == height ? image : ResizeRows(image, height);
  Image wide = ResizeColumns(image, width);
  return image.height == height ? wide : ResizeRows(wide, height);
}

Image Crop(const Image& image, const Rectangle& rectangle) {
  const auto& [left, top, width, height] = rectangle;
  Image result{width, height, std::vector<uint8_t>(size_t(width) * size_t(height) * 3)};
  const int first = std::max(0, left), last = std::min(image.width, left + width);
  if (first >= last) return result;
  for (int y = std::max(0, top); y < std::min(image.height, top + height); ++y) {
    const auto from = image.rgb.begin() + (ptrdiff_t(y) * image.width + first) * 3;
    const ptrdiff_t to = ptrdiff_t(y - top) * width + first - left;
    std::copy(from, from + ptrdiff_t(last - first) * 3, result.rgb.begin() + to * 3);
  }
  return result;
}

Image FlipHorizontal(const Image& image) {
  Image result{image.width, image.height, std::vector<uint8_t>(image.rgb.size())};
  for (int y = 0; y < image.height; ++y) {
    const uint8_t* from = image.rgb.data() + size_t(y) * size_t(image.width) * 3;
    uint8_t* to = result.rgb.data() + size_t(y + 1) * size_t(image.width) * 3;
    for (int x = 0; x < image.width; ++x, from += 3) std::copy(from, from + 3, to -= 3);
  }
  return result;
}

}  // namespace disco
