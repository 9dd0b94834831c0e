// SPDX-License-Identifier: Apache-2.0
#include "disco/data/preprocessing.h"

#include <algorithm>
#include <cmath>

namespace disco {
namespace {

// The middle of what an image of width x height is resized to.
Geometry Centered(int width, int height, const Preprocessing& preprocessing) {
  // Half pixels round to even, as torchvision's centre crop does.
  const int left = static_cast<int>(std::nearbyint((width - preprocessing.width) / 2.0));
  const int top = static_cast<int>(std::nearbyint((height - preprocessing.height) / 2.0));
  return {width, height, {left, top, preprocessing.width, preprocessing.height}};
}

// `length` pixels where the shorter side, `shorter`, becomes `side`. The longer side rounds down,
// as torchvision's Resize does. Threads of pixels more than 16 times as long as wide are squeezed:
// their full length might not fit in memory.
int Scaled(int length, int shorter, int side) {
  return static_cast<int>(int64_t{side} * std::min<int64_t>(length, int64_t{16} * shorter) /
                          shorter);
}

}  // namespace

DecodeOptions DecodeFor(const Preprocessing& preprocessing) {
  switch (preprocessing.resize) {
    case ResizeMode::kShorterSide:
      return {.min_side = preprocessing.shorter_side};
    case ResizeMode::kStretch:
      return {.min_side = std::max(preprocessing.height, preprocessing.width)};
    case ResizeMode::kNone:
      break;
  }
  return {};
}

Geometry FitGeometry(int width, int height, const Preprocessing& preprocessing) {
  const int side = preprocessing.shorter_side;
  switch (preprocessing.resize) {
    case ResizeMode::kStretch:
      return Centered(preprocessing.width, preprocessing.height, preprocessing);
    case ResizeMode::kShorterSide:
      if (width <= height) return Centered(side, Scaled(height, width, side), preprocessing);
      return Centered(Scaled(width, height, side), side, preprocessing);
    case ResizeMode::kNone:
      break;
  }
  return Centered(width, height, preprocessing);
}

void Normalize(const Image& image, const Preprocessing& preprocessing, std::span<float> target) {
  const size_t pixels = image.rgb.size() / 3;
  for (size_t c = 0; c < static_cast<size_t>(preprocessing.channels); ++c) {
    const float factor = preprocessing.scale / preprocessing.std[c];
    const float offset = -preprocessing.mean[c] / preprocessing.std[c];
    float* plane = target.data() + c * pixels;
    if (preprocessing.channels == 1) {
      const uint8_t* rgb = image.rgb.data();
      for (size_t i = 0; i < pixels; ++i, rgb += 3) {
        const float brightness = 0.299F * rgb[0] + 0.587F * rgb[1] + 0.114F * rgb[2];
        plane[i] = brightness * factor + offset;
      }
    } else {
      const uint8_t* color = image.rgb.data() + (preprocessing.bgr ? 2 - c : c);
      for (size_t i = 0; i < pixels; ++i) plane[i] = color[3 * i] * factor + offset;
    }
  }
}

Tensor ToTensor(const Image& image, const Preprocessing& preprocessing) {
  Tensor result(DType::kF32, preprocessing.shape());
  Normalize(Apply(FitGeometry(image.width, image.height, preprocessing), image), preprocessing,
            result.MutableData<float>());
  return result;
}

}  // namespace disco
