// SPDX-License-Identifier: Apache-2.0
#include "disco/data/image.h"

#include "disco/data/decode.h"

namespace disco {

Status CheckSize(int64_t width, int64_t height, int64_t max_pixels) {
  if (width < 1 || height < 1 || width > max_pixels / height) {
    return Fail(ErrorKind::kInvalid,
                "the picture says it is {} x {} pixels; at most {} are accepted", width, height,
                max_pixels);
  }
  return {};
}

Result<Image> DecodeImage(std::span<const std::byte> file, const DecodeOptions& options) {
  if (IsJpeg(file)) return DecodeJpeg(file, options);
  if (IsPng(file)) return DecodePng(file, options);
  return Fail(ErrorKind::kUnsupported, "neither a JPEG nor a PNG file ({} bytes)", file.size());
}

Result<Image> ReadImage(const Path& path, const DecodeOptions& options) {
  DISCO_ASSIGN(const std::string content, ReadFile(path));
  Result<Image> image = DecodeImage(std::as_bytes(std::span(content)), options);
  if (!image) return At(path.string(), std::move(image).error());
  return image;
}

}  // namespace disco
