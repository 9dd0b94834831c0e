// SPDX-License-Identifier: Apache-2.0
#include <png.h>

#include <array>
#include <cstring>

#include "disco/data/decode.h"

namespace disco {
namespace {

// libpng's simplified interface, closed on the way out.
struct Png {
  Png() {
    std::memset(&control, 0, sizeof control);
    control.version = PNG_IMAGE_VERSION;
  }
  ~Png() { png_image_free(&control); }
  Png(const Png&) = delete;
  Png& operator=(const Png&) = delete;

  tl::unexpected<Error> Broken() const {
    return Fail(ErrorKind::kInvalid, "broken PNG: {}", control.message);
  }
  png_image control;
};

}  // namespace

bool IsPng(std::span<const std::byte> file) {
  constexpr std::array<unsigned char, 8> kSignature = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  return file.size() >= kSignature.size() &&
         std::memcmp(file.data(), kSignature.data(), kSignature.size()) == 0;
}

Result<Image> DecodePng(std::span<const std::byte> file, const DecodeOptions& options) {
  Png png;
  if (png_image_begin_read_from_memory(&png.control, file.data(), file.size()) == 0) {
    return png.Broken();
  }
  DISCO_TRY(CheckSize(png.control.width, png.control.height, options.max_pixels));
  png.control.format = PNG_FORMAT_RGB;
  png.control.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;  // else 16-bit levels are taken for linear light
  Image image{static_cast<int>(png.control.width), static_cast<int>(png.control.height), {}};
  image.rgb.resize(size_t{png.control.width} * png.control.height * 3);
  const png_color black = {0, 0, 0};  // what shows through transparent pixels
  if (png_image_finish_read(&png.control, &black, image.rgb.data(), 0, nullptr) == 0) {
    return png.Broken();
  }
  return image;
}

Status WritePng(const Path& path, const Image& image) {
  Png png;
  png.control.width = static_cast<png_uint_32>(image.width);
  png.control.height = static_cast<png_uint_32>(image.height);
  png.control.format = PNG_FORMAT_RGB;
  if (image.width < 1 || image.height < 1 || image.rgb.size() != PNG_IMAGE_SIZE(png.control)) {
    return Fail(ErrorKind::kInvalid, "cannot write {}: {} bytes are no picture of {} x {} pixels",
                path.string(), image.rgb.size(), image.width, image.height);
  }
  std::string encoded(PNG_IMAGE_PNG_SIZE_MAX(png.control), '\0');
  png_alloc_size_t size = encoded.size();
  if (png_image_write_to_memory(&png.control, encoded.data(), &size, 0, image.rgb.data(), 0,
                                nullptr) == 0) {
    return Fail(ErrorKind::kInvalid, "cannot write {}: {}", path.string(), png.control.message);
  }
  return WriteFile(path, std::string_view(encoded).substr(0, size));
}

}  // namespace disco
