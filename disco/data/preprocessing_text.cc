// SPDX-License-Identifier: Apache-2.0
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include "disco/data/preprocessing.h"

namespace disco {
namespace {

constexpr int kMaxSide = 1 << 14;  // pixels; above any network, far below overflow

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

template <class Number>
bool ReadNumber(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

bool ReadSide(std::string_view text, int& side) {
  return ReadNumber(text, side) && side >= 1 && side <= kMaxSide;
}

bool ReadSize(std::string_view text, Preprocessing& result) {
  const auto parts = Split(text, 'x');
  return parts.size() == 3 && ReadNumber(parts[0], result.channels) &&
         (result.channels == 1 || result.channels == 3) && ReadSide(parts[1], result.height) &&
         ReadSide(parts[2], result.width);
}

// One number for every channel, or one each.
bool ReadChannels(std::string_view text, int channels, std::array<float, 3>& result) {
  const auto parts = Split(text, ',');
  if (parts.size() != 1 && parts.size() != static_cast<size_t>(channels)) return false;
  for (size_t c = 0; c < result.size(); ++c) {
    if (!ReadNumber(parts[std::min(c, parts.size() - 1)], result[c])) return false;
    if (!std::isfinite(result[c])) return false;
  }
  return true;
}

bool ReadWord(std::string_view word, Preprocessing& result) {
  const size_t equals = word.find('=');
  const std::string_view name = word.substr(0, equals);
  if (equals == std::string_view::npos) {
    if (name == "stretch") result.resize = ResizeMode::kStretch;
    if (name == "bgr") result.bgr = true;
    return name == "stretch" || name == "bgr";
  }
  const std::string_view value = word.substr(equals + 1);
  if (name == "resize") {
    result.resize = ResizeMode::kShorterSide;
    return ReadSide(value, result.shorter_side);
  }
  if (name == "mean") return ReadChannels(value, result.channels, result.mean);
  if (name == "std") {
    return ReadChannels(value, result.channels, result.std) &&
           std::all_of(result.std.begin(), result.std.end(), [](float std) { return std > 0; });
  }
  return name == "scale" && ReadNumber(value, result.scale) && std::isfinite(result.scale) &&
         result.scale > 0;
}

}  // namespace

Result<Preprocessing> ParsePreprocessing(std::string_view text) {
  Preprocessing result;
  bool first = true;
  for (const std::string_view word : Split(text, ' ')) {
    if (word.empty()) continue;
    if (!(first ? ReadSize(word, result) : ReadWord(word, result))) {
      return Fail(ErrorKind::kInvalid,
                  "preprocessing '{}': '{}' is not understood; an example: '3x224x224 resize=256 "
                  "mean=0.485,0.456,0.406 std=0.229,0.224,0.225 bgr'",
                  text, word);
    }
    first = false;
  }
  if (first) {
    return Fail(ErrorKind::kInvalid,
                "preprocessing is empty; an example: '3x32x32 mean=0.5 std=0.25'");
  }
  return result;
}

std::string ToString(const Preprocessing& preprocessing) {
  const Preprocessing standard;
  std::string text =
      fmt::format("{}x{}x{}", preprocessing.channels, preprocessing.height, preprocessing.width);
  const auto channels = [&](const std::array<float, 3>& numbers) {
    return fmt::join(numbers.begin(), numbers.begin() + preprocessing.channels, ",");
  };
  if (preprocessing.resize == ResizeMode::kShorterSide) {
    text += fmt::format(" resize={}", preprocessing.shorter_side);
  }
  if (preprocessing.resize == ResizeMode::kStretch) text += " stretch";
  text += fmt::format(" mean={} std={}", channels(preprocessing.mean), channels(preprocessing.std));
  if (preprocessing.scale != standard.scale) text += fmt::format(" scale={}", preprocessing.scale);
  if (preprocessing.bgr) text += " bgr";
  return text;
}

}  // namespace disco
