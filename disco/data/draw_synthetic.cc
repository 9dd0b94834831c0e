// SPDX-License-Identifier: Apache-2.0
#include "disco/data/draw_synthetic.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "disco/base/random.h"

namespace disco {
namespace {

using Color = std::array<float, 3>;  // 0..255

enum class Shape2d { kDisc, kRing, kSquare, kTriangle, kCross };
constexpr std::array<const char*, 5> kShapeNames = {"disc", "ring", "square", "triangle", "cross"};
constexpr std::array<std::array<int, 2>, 10> kPairs = {
    {{0, 1}, {0, 2}, {0, 3}, {0, 4}, {1, 2}, {1, 3}, {1, 4}, {2, 3}, {2, 4}, {3, 4}}};

struct Point {
  float x = 0, y = 0;
};
Point operator-(Point a, Point b) { return {a.x - b.x, a.y - b.y}; }
float SquaredLength(Point p) { return p.x * p.x + p.y * p.y; }

// How hard the pictures are: so that a small dense network is good within a minute, and not
// perfect.
constexpr float kNoise = 34;                 // standard deviation of a pixel, grey levels
constexpr float kContrast[] = {40, 90};      // shape against background, per channel
constexpr float kRadius[] = {0.14F, 0.24F};  // of the side
constexpr int kStrokes = 3;

class Painter {
 public:
  Painter(const SyntheticKey& key, int side)
      : random_(key.seed, key.stream), side_(side), canvas_(static_cast<size_t>(side) * side) {}

  void Background();
  void Stroke();
  void Shapes(const std::array<int, 2>& kinds);
  Image Noisy();

 private:
  float Between(float low, float high) {
    return low + (high - low) * static_cast<float>(random_.Uniform());
  }
  Color& Pixel(int x, int y) {
    return canvas_[static_cast<size_t>(y) * static_cast<size_t>(side_) + static_cast<size_t>(x)];
  }
  Point Direction();
  // A colour brighter than the background in all channels, or darker in all.
  Color ShapeColor();
  void Blend(int x, int y, const Color& color, float cover);
  template <class Distance>
  void Fill(Point center, float reach, const Color& color, Distance distance);
  void Shape(Shape2d kind, Point center, float radius);

  Random random_;
  int side_;
  std::vector<Color> canvas_;
  Color base_{};
};

// A random unit vector: a point of the disc pushed to its rim.
Point Painter::Direction() {
  while (true) {
    const Point p{Between(-1, 1), Between(-1, 1)};
    const float squared = SquaredLength(p);
    if (squared > 0.01F && squared <= 1)
      return {p.x / std::sqrt(squared), p.y / std::sqrt(squared)};
  }
}

// A colour with a gradient and a wave of triangular profile across it.
void Painter::Background() {
  for (float& channel : base_) channel = Between(90, 165);
  const Point gradient = Direction(), wave = Direction();
  const float slope = Between(-30, 30) / static_cast<float>(side_);
  const float height = Between(5, 25), frequency = Between(0.08F, 0.3F), phase = Between(0, 1);
  for (int y = 0; y < side_; ++y) {
    for (int x = 0; x < side_; ++x) {
      const float fx = static_cast<float>(x), fy = static_cast<float>(y);
      const float turn = frequency * (wave.x * fx + wave.y * fy) + phase;
      const float triangle = 4 * std::abs(turn - std::floor(turn) - 0.5F) - 1;
      const float half = static_cast<float>(side_) / 2;
      const float tilt = slope * (gradient.x * (fx - half) + gradient.y * (fy - half));
      Color& pixel = Pixel(x, y);
      for (size_t c = 0; c < 3; ++c) pixel[c] = base_[c] + tilt + height * triangle;
    }
  }
}

Color Painter::ShapeColor() {
  const float sign = random_() & 1 ? 1.0F : -1.0F;
  Color color = base_;
  for (float& channel : color) channel += sign * Between(kContrast[0], kContrast[1]);
  return color;
}

void Painter::Blend(int x, int y, const Color& color, float cover) {
  Color& pixel = Pixel(x, y);
  for (size_t c = 0; c < 3; ++c) pixel[c] += cover * (color[c] - pixel[c]);
}

// Paints where distance(pixel - center), in pixels, is negative; the rim is one pixel soft.
template <class Distance>
void Painter::Fill(Point center, float reach, const Color& color, Distance distance) {
  const int last = side_ - 1;
  const int left = std::max(0, static_cast<int>(center.x - reach - 1));
  const int right = std::min(last, static_cast<int>(center.x + reach + 2));
  const int top = std::max(0, static_cast<int>(center.y - reach - 1));
  const int bottom = std::min(last, static_cast<int>(center.y + reach + 2));
  for (int y = top; y <= bottom; ++y) {
    for (int x = left; x <= right; ++x) {
      const Point offset = Point{static_cast<float>(x), static_cast<float>(y)} - center;
      const float cover = std::clamp(0.5F - distance(offset), 0.0F, 1.0F);
      if (cover > 0) Blend(x, y, color, cover);
    }
  }
}

// Signed distance (negative inside) to a shape of radius about 1.
float DistanceTo(Shape2d kind, Point p) {
  const float u = std::abs(p.x), v = std::abs(p.y);
  switch (kind) {
    case Shape2d::kDisc:
      return std::sqrt(SquaredLength(p)) - 0.85F;
    case Shape2d::kRing:
      return std::abs(std::sqrt(SquaredLength(p)) - 0.72F) - 0.24F;
    case Shape2d::kSquare:
      return std::max(u, v) - 0.75F;
    case Shape2d::kTriangle:
      return std::max(u * 0.866F + p.y * 0.5F, -p.y) - 0.52F;
    case Shape2d::kCross:
      break;
  }
  return std::min(std::max(u - 1, v - 0.32F), std::max(u - 0.32F, v - 1));
}

void Painter::Shape(Shape2d kind, Point center, float radius) {
  const Point turn = Direction();
  Fill(center, radius * 1.1F, ShapeColor(), [=](Point p) {
    const Point turned{(p.x * turn.x + p.y * turn.y) / radius,
                       (p.y * turn.x - p.x * turn.y) / radius};
    return radius * DistanceTo(kind, turned);
  });
}

void Painter::Stroke() {
  const float side = static_cast<float>(side_), length = Between(0.1F, 0.3F) * side;
  const Point center{Between(0, side), Between(0, side)}, along = Direction();
  const float thickness = Between(0.5F, 1);
  Fill(center, length / 2, ShapeColor(), [=](Point p) {
    const float forward = std::abs(p.x * along.x + p.y * along.y) - length / 2;
    const float sideways = std::abs(p.x * along.y - p.y * along.x) - thickness;
    return std::max(forward, sideways);
  });
}

// Two shapes that do not touch, the first at a random place, the second found by trying.
void Painter::Shapes(const std::array<int, 2>& kinds) {
  const float side = static_cast<float>(side_);
  std::array<float, 2> radius;
  std::array<Point, 2> center;
  do {
    for (size_t i = 0; i < 2; ++i) {
      radius[i] = Between(kRadius[0], kRadius[1]) * side;
      center[i] = {Between(radius[i], side - 1 - radius[i]),
                   Between(radius[i], side - 1 - radius[i])};
    }
  } while (SquaredLength(center[0] - center[1]) <
           (radius[0] + radius[1]) * (radius[0] + radius[1]));
  for (size_t i = 0; i < 2; ++i) Shape(static_cast<Shape2d>(kinds[i]), center[i], radius[i]);
}

// Rounds the canvas, with noise: the sum of two uniform numbers of 10 bits per channel.
Image Painter::Noisy() {
  Image image{side_, side_, std::vector<uint8_t>(canvas_.size() * 3)};
  constexpr float kStep = kNoise / 418.0F;  // 418 = deviation of the sum of two uniform in 0..1023
  for (size_t i = 0; i < canvas_.size(); ++i) {
    uint64_t bits = random_();
    for (size_t c = 0; c < 3; ++c, bits >>= 20) {
      const int sum = static_cast<int>(bits & 1023) + static_cast<int>(bits >> 10 & 1023) - 1023;
      const float level = canvas_[i][c] + kStep * static_cast<float>(sum);
      image.rgb[i * 3 + c] = static_cast<uint8_t>(std::clamp(level + 0.5F, 0.0F, 255.0F));
    }
  }
  return image;
}

}  // namespace

Image DrawSynthetic(const SyntheticKey& key, int side, int label) {
  Painter painter(key, side);
  painter.Background();
  for (int i = 0; i < kStrokes; ++i) painter.Stroke();
  painter.Shapes(kPairs[static_cast<size_t>(label)]);
  return painter.Noisy();
}

std::vector<std::string> SyntheticClassNames() {
  std::vector<std::string> names;
  for (const auto& [first, second] : kPairs) {
    names.push_back(fmt::format("{}+{}", kShapeNames[static_cast<size_t>(first)],
                                kShapeNames[static_cast<size_t>(second)]));
  }
  return names;
}

}  // namespace disco
