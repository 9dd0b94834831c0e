// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdio>  // jpeglib.h needs FILE and size_t

#include <jpeglib.h>

#include <jerror.h>

#include <algorithm>
#include <csetjmp>

#include "disco/data/decode.h"

namespace disco {
namespace {

// A progressive file may repeat scans over all pixels without end; cameras and encoders write about
// ten.
constexpr int kMaxScans = 500;

// libjpeg reports a fatal error by calling error_exit, which must not return: it jumps back to
// Decode.
struct Decoder {
  Decoder() = default;
  ~Decoder() { jpeg_destroy_decompress(&info); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  jpeg_progress_mgr progress{};
  std::jmp_buf leave{};
  char message[JMSG_LENGTH_MAX] = {};
};

[[noreturn]] void Leave(j_common_ptr info) {
  auto& decoder = *static_cast<Decoder*>(info->client_data);
  info->err->format_message(info, decoder.message);
  std::longjmp(decoder.leave, 1);
}

// Level -1 = the data are damaged, higher levels are traces. libjpeg fills with grey what a
// truncated file lacks and only warns; here such a picture is broken. Stray bytes between markers
// do no harm and are common.
void Message(j_common_ptr info, int level) {
  const int code = info->err->msg_code;
  if (level < 0 && code != JWRN_EXTRANEOUS_DATA && code != JWRN_ADOBE_XFORM) Leave(info);
}

void CheckScans(j_common_ptr info) {
  if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number <= kMaxScans) return;
  info->err->msg_code = JERR_BAD_PROGRESSION;
  Leave(info);
}

// The largest of 1, 2, 4, 8 that leaves the shorter side at least `min_side` pixels.
unsigned Denominator(int64_t side, int min_side) {
  unsigned denominator = 1;
  while (min_side > 0 && denominator < 8 && side / (int64_t{2} * denominator) >= min_side)
    denominator *= 2;
  return denominator;
}

// Opens `file`, reads its header, sets size and colour of the output.
Status Prepare(Decoder& decoder, std::span<const std::byte> file, const DecodeOptions& options) {
  jpeg_decompress_struct& info = decoder.info;
  jpeg_create_decompress(&info);
  info.progress = &decoder.progress;
  jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(file.data()), file.size());
  jpeg_read_header(&info, TRUE);
  DISCO_TRY(CheckSize(info.image_width, info.image_height, options.max_pixels));
  const int channels = info.num_components;
  if (channels != 1 && channels != 3 && channels != 4) {
    return Fail(ErrorKind::kUnsupported, "JPEG with {} colour channels; 1, 3 and 4 are read",
                channels);
  }
  info.out_color_space = channels == 4 ? JCS_CMYK : JCS_RGB;
  info.scale_num = 1;
  info.scale_denom = Denominator(std::min(info.image_width, info.image_height), options.min_side);
  return {};
}

// One row of CMYK. Adobe's files hold the inks inverted, so that ink x black is red, green or blue.
void RgbFromCmyk(std::span<const uint8_t> row, bool inverted, uint8_t* rgb) {
  const int flip = inverted ? 0 : 255;
  for (size_t i = 0; i + 3 < row.size(); i += 4) {
    for (size_t c = 0; c < 3; ++c) {
      *rgb++ = static_cast<uint8_t>(((row[i + c] ^ flip) * (row[i + 3] ^ flip) + 127) / 255);
    }
  }
}

struct Output {
  Image image;
  std::vector<uint8_t> cmyk_row;
};

void ReadRows(jpeg_decompress_struct& info, Output& output) {
  const size_t width = info.output_width, height = info.output_height;
  output.image.width = static_cast<int>(width);
  output.image.height = static_cast<int>(height);
  output.image.rgb.resize(width * height * 3);
  const bool cmyk = info.out_color_space == JCS_CMYK;
  if (cmyk) output.cmyk_row.resize(width * 4);
  while (info.output_scanline < info.output_height) {
    uint8_t* target = output.image.rgb.data() + info.output_scanline * width * 3;
    JSAMPROW row = cmyk ? output.cmyk_row.data() : target;
    jpeg_read_scanlines(&info, &row, 1);
    if (cmyk) RgbFromCmyk(output.cmyk_row, info.saw_Adobe_marker, target);
  }
}

// The jump of Leave ends here. It skips destructors, so what must be destroyed belongs to the
// caller.
Status Decode(Decoder& decoder, std::span<const std::byte> file, const DecodeOptions& options,
              Output& output) {
  decoder.info.err = jpeg_std_error(&decoder.errors);
  decoder.info.client_data = &decoder;
  decoder.errors.error_exit = Leave;
  decoder.errors.emit_message = Message;
  decoder.progress.progress_monitor = CheckScans;
  if (setjmp(decoder.leave) != 0) {
    return Fail(ErrorKind::kInvalid, "broken JPEG: {}", decoder.message);
  }
  DISCO_TRY(Prepare(decoder, file, options));
  jpeg_start_decompress(&decoder.info);
  ReadRows(decoder.info, output);
  jpeg_finish_decompress(&decoder.info);
  return {};
}

}  // namespace

bool IsJpeg(std::span<const std::byte> file) {
  return file.size() >= 3 && file[0] == std::byte{0xff} && file[1] == std::byte{0xd8} &&
         file[2] == std::byte{0xff};
}

Result<Image> DecodeJpeg(std::span<const std::byte> file, const DecodeOptions& options) {
  Decoder decoder;
  Output output;
  DISCO_TRY(Decode(decoder, file, options, output));
  return std::move(output.image);
}

}  // namespace disco
