// SPDX-License-Identifier: Apache-2.0
#include "disco/data/image.h"

#include <gmock/gmock.h>
#include <zlib.h>

#include "disco/base/random.h"
#include "disco/data/test_pictures.h"

namespace disco {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::string_literals;

Result<Image> Decode(std::string_view file, const DecodeOptions& options = {}) {
  return DecodeImage(std::as_bytes(std::span(file)), options);
}

int LargestDifference(const Image& a, const Image& b) {
  int largest = a.rgb.size() == b.rgb.size() ? 0 : 256;
  for (size_t i = 0; i < a.rgb.size() && i < b.rgb.size(); ++i) {
    largest = std::max(largest, std::abs(a.rgb[i] - b.rgb[i]));
  }
  return largest;
}

TEST(Png, ReturnsWhatWasWritten) {
  const TestFolder folder;
  const Image image = Gradient(13, 7, 99);
  ASSERT_TRUE(WritePng(folder / "a.png", image));
  EXPECT_EQ(*ReadImage(folder / "a.png"), image);
}

TEST(Png, RefusesToWriteNonsense) {
  EXPECT_FALSE(WritePng("never.png", Image{}));
  EXPECT_FALSE(WritePng("never.png", Image{2, 2, {1, 2, 3}}));
}

TEST(Png, EveryLayoutBecomesRgb8) {
  EXPECT_THAT(Decode(EncodePng({2, 1, 8, PNG_COLOR_TYPE_GRAY}, {"\x10\xf0"}))->rgb,
              ElementsAre(16, 16, 16, 240, 240, 240));
  EXPECT_THAT(Decode(EncodePng({3, 1, 1, PNG_COLOR_TYPE_GRAY}, {"\xa0"}))->rgb,
              ElementsAre(255, 255, 255, 0, 0, 0, 255, 255, 255));
  EXPECT_THAT(Decode(EncodePng({2, 1, 8, PNG_COLOR_TYPE_PALETTE}, {"\x02\x00"s}))->rgb,
              ElementsAre(0, 0, 255, 255, 0, 0));
  EXPECT_THAT(Decode(EncodePng({1, 1, 16, PNG_COLOR_TYPE_RGB}, {"\x40\x00\x80\x00\xff\xff"s}))->rgb,
              ElementsAre(64, 128, 255));
  const std::string opaque_and_clear = "\x0a\x14\x1e\xff\x0a\x14\x1e\x00"s;
  EXPECT_THAT(Decode(EncodePng({2, 1, 8, PNG_COLOR_TYPE_RGB_ALPHA}, {opaque_and_clear}))->rgb,
              ElementsAre(10, 20, 30, 0, 0, 0));
}

TEST(Png, AnyTruncationIsAnError) {
  std::string row(60, 'x');
  for (size_t i = 0; i < row.size(); ++i) row[i] = static_cast<char>(i * i);
  const std::string file = EncodePng({20, 1}, {row});
  ASSERT_TRUE(Decode(file));
  constexpr size_t kEndChunk = 12;  // pixels are complete without it
  for (size_t size = 0; size < file.size() - kEndChunk - 4; ++size) {
    EXPECT_FALSE(Decode(file.substr(0, size))) << size;
  }
}

TEST(Png, HeaderThatPromisesTooMuchIsRefusedBeforeAnyMemoryIsTaken) {
  std::string file = EncodePng({1, 1}, {"abc"});
  constexpr size_t kType = 12, kWidth = 16, kCrc = 29;
  file.replace(kWidth, 8, "\x00\x01\x86\xa0\x00\x01\x86\xa0"s);  // 100000 x 100000
  const auto crc = crc32(0, reinterpret_cast<const Bytef*>(&file[kType]), kCrc - kType);
  for (size_t i = 0; i < 4; ++i) file[kCrc + i] = static_cast<char>(crc >> (24 - 8 * i));
  const auto image = Decode(file);
  ASSERT_FALSE(image);
  EXPECT_THAT(image.error().message, HasSubstr("100000 x 100000"));
}

TEST(Jpeg, StaysCloseToThePicture) {
  const Image image = Gradient(50, 40, 128);
  EXPECT_LE(LargestDifference(*Decode(EncodeJpeg(image)), image), 6);
  EXPECT_LE(LargestDifference(*Decode(EncodeJpeg({50, 40, 3, image.rgb}, true)), image), 6);
}

TEST(Jpeg, GreyAndCmykBecomeRgb) {
  const auto grey = Decode(EncodeJpeg({8, 8, 1, std::vector<uint8_t>(64, 77)}));
  EXPECT_EQ(grey->rgb, std::vector<uint8_t>(192, 77));
  Pixels cmyk{8, 8, 4, {}};
  for (int i = 0; i < 64; ++i) {  // cyan, with a fifth of black; as Adobe writes it: inverted
    cmyk.levels.insert(cmyk.levels.end(), {0, 255, 255, 204});
  }
  const auto cyan = Decode(EncodeJpeg(cmyk));
  ASSERT_TRUE(cyan) << cyan.error().message;
  EXPECT_NEAR(cyan->rgb[0], 0, 2);
  EXPECT_NEAR(cyan->rgb[1], 204, 2);
  EXPECT_NEAR(cyan->rgb[2], 204, 2);
}

TEST(Jpeg, DecodesSmallerWhileTheShorterSideSuffices) {
  const std::string file = EncodeJpeg(Gradient(160, 80));
  const auto width = [&](int min_side) { return Decode(file, {.min_side = min_side})->width; };
  EXPECT_EQ(width(0), 160);
  EXPECT_EQ(width(41), 160);
  EXPECT_EQ(width(40), 80);
  EXPECT_EQ(width(20), 40);
  EXPECT_EQ(width(1), 20);
}

TEST(Jpeg, AnyTruncationIsAnError) {
  const std::string file = EncodeJpeg(Gradient(40, 40));
  constexpr size_t kEndMark = 2;
  for (size_t size = 0; size < file.size() - kEndMark; ++size) {
    EXPECT_FALSE(Decode(file.substr(0, size))) << size;
  }
}

TEST(Image, LimitOnPixelsHolds) {
  const std::string file = EncodeJpeg(Gradient(40, 25));
  EXPECT_TRUE(Decode(file, {.max_pixels = 1000}));
  EXPECT_FALSE(Decode(file, {.max_pixels = 999}));
}

TEST(Image, FlippedBytesNeverCrash) {
  Random random(1);
  for (const std::string& good :
       {EncodeJpeg(Gradient(24, 24)), EncodeJpeg({24, 24, 3, Gradient(24, 24).rgb}, true),
        EncodePng({4, 2}, {"abcdefghijkl", "mnopqrstuvwx"})}) {
    for (int trial = 0; trial < 500; ++trial) {
      std::string bad = good;
      for (int i = 0; i < 3; ++i) {
        bad[static_cast<size_t>(random.Below(static_cast<int64_t>(bad.size())))] =
            static_cast<char>(random.Below(256));
      }
      const auto image = Decode(bad, {.max_pixels = 1'000'000});
      if (image) {
        EXPECT_EQ(image->rgb.size(), size_t(image->width) * size_t(image->height) * 3);
      }
    }
  }
}

TEST(Image, ErrorsNameThePath) {
  const TestFolder folder;
  ASSERT_TRUE(WriteFile(folder / "text.jpg", "this is text"));
  ASSERT_TRUE(WriteFile(folder / "empty.png", ""));
  for (const char* name : {"text.jpg", "empty.png", "missing.png"}) {
    const auto image = ReadImage(folder / name);
    ASSERT_FALSE(image);
    EXPECT_THAT(image.error().message, HasSubstr((folder / name).string()));
  }
}

}  // namespace
}  // namespace disco
