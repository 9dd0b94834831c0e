// SPDX-License-Identifier: Apache-2.0
// The two formats behind DecodeImage, one source file each. Private to the module.
// Errors and thread rule: see image.h.
#pragma once

#include "disco/data/image.h"

namespace disco {

bool IsJpeg(std::span<const std::byte> file);
Result<Image> DecodeJpeg(std::span<const std::byte> file, const DecodeOptions& options);

bool IsPng(std::span<const std::byte> file);
Result<Image> DecodePng(std::span<const std::byte> file, const DecodeOptions& options);

// Errors: kInvalid for a side below 1 or width x height above `max_pixels`.
Status CheckSize(int64_t width, int64_t height, int64_t max_pixels);

}  // namespace disco
