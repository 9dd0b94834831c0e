// SPDX-License-Identifier: Apache-2.0
// From a picture of any size to what a network reads: float [C, H, W], value = (pixel * scale -
// mean) / std.
//
// A network's file carries its Preprocessing as one line of text, so that whoever runs it feeds it
// as it was trained:
//   "3x224x224 resize=256 mean=0.485,0.456,0.406 std=0.229,0.224,0.225"
//   size CxHxW first; then, in any order and all optional: `resize=N` or `stretch`, `mean=`, `std=`
//   (one number per channel, or one for all), `scale=`, `bgr`.
// Thread rule: pure functions and plain values. Errors: kInvalid naming the word and an example.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "disco/data/geometry.h"
#include "disco/tensor/tensor.h"

namespace disco {

enum class ResizeMode {
  kNone,         // cut height x width from the middle; black around a smaller picture
  kShorterSide,  // shorter side to `shorter_side`, then as kNone
  kStretch,      // to height x width, whatever the shape of the picture
};

struct Preprocessing {
  int height = 32, width = 32;
  int channels = 3;  // 3, or 1 = brightness (ITU-R BT.601)
  ResizeMode resize = ResizeMode::kNone;
  int shorter_side = 0;  // pixels; for kShorterSide
  // In units of pixel * scale; channel 0 only when channels = 1. In the order of the channels that
  // the network reads.
  std::array<float, 3> mean = {0, 0, 0}, std = {1, 1, 1};
  float scale = 1.0F / 255;
  bool bgr = false;  // blue is channel 0

  friend bool operator==(const Preprocessing&, const Preprocessing&) = default;
  Shape shape() const { return {channels, height, width}; }
};

Result<Preprocessing> ParsePreprocessing(std::string_view text);
std::string ToString(const Preprocessing& preprocessing);

// Large JPEGs need not be decoded at full size for this preprocessing.
DecodeOptions DecodeFor(const Preprocessing& preprocessing);

// The geometry alone: of an image of width x height to one of the network's size.
Geometry FitGeometry(int width, int height, const Preprocessing& preprocessing);
// The arithmetic alone; `image` is height x width, `target` has channels x height x width elements.
void Normalize(const Image& image, const Preprocessing& preprocessing, std::span<float> target);
// Both: float [C, H, W].
Tensor ToTensor(const Image& image, const Preprocessing& preprocessing);

}  // namespace disco
