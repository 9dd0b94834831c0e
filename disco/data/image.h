// SPDX-License-Identifier: Apache-2.0
// Pictures as bytes: decoding JPEG and PNG, writing PNG.
//
// Whatever the file holds (grey, palette, CMYK, alpha over black, 16 bits), the picture is 8-bit
// RGB. Thread rule: pure functions and plain values. Errors: kInvalid for a file that is broken or
// too large, kUnsupported for a format that disco does not read, kIo for a file that cannot be
// opened. No memory is taken before the header is checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "disco/base/file.h"

namespace disco {

struct Image {
  int width = 0, height = 0;
  std::vector<uint8_t> rgb;  // [height, width, 3]

  friend bool operator==(const Image&, const Image&) = default;
};

struct DecodeOptions {
  // A JPEG may come out at 1/2, 1/4 or 1/8 of its size while its shorter side stays >= min_side; 0
  // = full size.
  int min_side = 0;
  // Largest width x height accepted, as the file states it.
  int64_t max_pixels = 100'000'000;
};

Result<Image> DecodeImage(std::span<const std::byte> file, const DecodeOptions& options = {});

// The error names the path.
Result<Image> ReadImage(const Path& path, const DecodeOptions& options = {});

Status WritePng(const Path& path, const Image& image);

}  // namespace disco
