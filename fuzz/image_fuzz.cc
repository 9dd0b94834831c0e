// SPDX-License-Identifier: Apache-2.0
// Any bytes: DecodeImage answers with a picture of the size it states, or with an error.
#include <cstdlib>

#include "disco/data/image.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const std::byte> file(reinterpret_cast<const std::byte*>(data), size);
  const int min_side = size > 0 ? data[size - 1] : 0;
  const auto image = disco::DecodeImage(file, {.min_side = min_side, .max_pixels = 1'000'000});
  if (!image) return 0;
  const auto pixels = static_cast<size_t>(image->width) * static_cast<size_t>(image->height);
  if (image->rgb.size() != 3 * pixels) std::abort();
  return 0;
}
