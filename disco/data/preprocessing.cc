// SPDX-License-Identifier: Apache-2.0
#include "disco/data/preprocessing.h"

#include <algorithm>
#include <cmath>

#include "disco/data/transform.h"

namespace disco {
namespace {

Image CenterCrop(const Image& image, int width, int height) {
  if (image.width == width && image.height == height) return image;
  // Half pixels round to even, as torchvision's centre crop does.
  const int left = static_cast<int>(std::nearbyint((image.width - width) / 2.0));
  const int top = static_cast<int>(std::nearbyint((image.height - height) / 2.0));
  return Crop(image, {left, top, width, height});
}

Image ResizeShorterSide(const Image& image, int side) {
  // The longer side rounds down, as torchvision's Resize does. Threads of pixels more than 16 times
  // as long as wide are squeezed: their full length might not fit in memory.
  const auto scaled = [&](int length, int shorter) {
    return static_cast<int>(int64_t{side} * std::min<int64_t>(length, int64_t{16} * shorter) /
                            shorter);
  };
  if (image.width <= image.height) return Resize(image, side, scaled(image.height, image.width));
  return Resize(image, scaled(image.width, image.height), side);
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

Image Fit(const Image& image, const Preprocessing& preprocessing) {
  const int width = preprocessing.width, height = preprocessing.height;
  switch (preprocessing.resize) {
    case ResizeMode::kStretch:
      return Resize(image, width, height);
    case ResizeMode::kShorterSide:
      return CenterCrop(ResizeShorterSide(image, preprocessing.shorter_side), width, height);
    case ResizeMode::kNone:
      break;
  }
  return CenterCrop(image, width, height);
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
  Normalize(Fit(image, preprocessing), preprocessing, result.MutableData<float>());
  return result;
}

}  // namespace disco
