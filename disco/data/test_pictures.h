// SPDX-License-Identifier: Apache-2.0
// For tests: pictures drawn and encoded on the spot, and folders that vanish. Thread rule: one
// thread. Errors: a broken helper fails the test that uses it.
#pragma once

#include <cstdio>

#include <jpeglib.h>
#include <png.h>

#include <cstdlib>
#include <string>

#include "disco/data/image.h"

namespace disco {

// A folder of its own for each test.
class TestFolder {
 public:
  TestFolder() {
    std::string name = std::filesystem::temp_directory_path() / "disco-data-XXXXXX";
    path_ = mkdtemp(name.data());
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  Path operator/(const Path& name) const { return path_ / name; }
  std::string string() const { return path_.string(); }

 private:
  Path path_;
};

// Smooth, so that JPEG keeps it well; `shade` makes pictures differ.
inline Image Gradient(int width, int height, int shade = 0) {
  Image image{width, height, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (const int level : {x * 255 / width, y * 255 / height, shade % 256}) {
        image.rgb.push_back(static_cast<uint8_t>(level));
      }
    }
  }
  return image;
}

struct Pixels {
  int width, height;
  int channels;                 // JPEG: 1 grey, 3 RGB, 4 CMYK
  std::vector<uint8_t> levels;  // [height, width, channels]
};

inline std::string EncodeJpeg(const Pixels& pixels, bool progressive = false) {
  jpeg_compress_struct info;
  jpeg_error_mgr errors;
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* data = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &data, &size);
  info.image_width = static_cast<unsigned>(pixels.width);
  info.image_height = static_cast<unsigned>(pixels.height);
  info.input_components = pixels.channels;
  info.in_color_space = pixels.channels == 1   ? JCS_GRAYSCALE
                        : pixels.channels == 3 ? JCS_RGB
                                               : JCS_CMYK;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 100, TRUE);
  if (progressive) jpeg_simple_progression(&info);
  jpeg_start_compress(&info, TRUE);
  const size_t stride = static_cast<size_t>(pixels.width) * static_cast<size_t>(pixels.channels);
  while (info.next_scanline < info.image_height) {
    auto* row = const_cast<uint8_t*>(pixels.levels.data()) + info.next_scanline * stride;
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::string file(reinterpret_cast<char*>(data), size);
  std::free(data);
  return file;
}

inline std::string EncodeJpeg(const Image& image) {
  return EncodeJpeg({image.width, image.height, 3, image.rgb});
}

struct PngLayout {
  int width, height;
  int bits = 8;
  int color_type = PNG_COLOR_TYPE_RGB;
};

// `rows` as they stand in the file; the palette is red, green, blue.
inline std::string EncodePng(const PngLayout& layout, const std::vector<std::string>& rows) {
  std::string file;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  const auto append = [](png_structp writer, png_bytep data, size_t size) {
    static_cast<std::string*>(png_get_io_ptr(writer))->append(reinterpret_cast<char*>(data), size);
  };
  png_set_write_fn(png, &file, append, [](png_structp) {});
  png_set_IHDR(png, info, static_cast<unsigned>(layout.width), static_cast<unsigned>(layout.height),
               layout.bits, layout.color_type, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  const png_color palette[] = {{255, 0, 0}, {0, 255, 0}, {0, 0, 255}};
  if (layout.color_type == PNG_COLOR_TYPE_PALETTE) png_set_PLTE(png, info, palette, 3);
  png_write_info(png, info);
  for (const std::string& row : rows) {
    png_write_row(png, reinterpret_cast<png_const_bytep>(row.data()));
  }
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return file;
}

}  // namespace disco
