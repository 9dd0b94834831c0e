// SPDX-License-Identifier: Apache-2.0
#include "disco/data/preprocessing.h"

#include <gmock/gmock.h>

#include "disco/data/test_pictures.h"

namespace disco {
namespace {

using ::testing::HasSubstr;

TEST(PreprocessingText, ReadsTheUsualLine) {
  const auto read =
      ParsePreprocessing("3x224x192 resize=256 mean=0.485,0.456,0.406 std=0.229,0.224,0.225 bgr");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->height, 224);
  EXPECT_EQ(read->width, 192);
  EXPECT_EQ(read->resize, ResizeMode::kShorterSide);
  EXPECT_EQ(read->shorter_side, 256);
  EXPECT_FLOAT_EQ(read->mean[2], 0.406F);
  EXPECT_FLOAT_EQ(read->std[0], 0.229F);
  EXPECT_TRUE(read->bgr);
}

TEST(PreprocessingText, ReturnsFromText) {
  for (const char* text :
       {"3x32x32", "1x28x28 mean=0.1307 std=0.3081", "3x8x9 stretch mean=0.5 std=0.25",
        "3x224x224 resize=256 scale=1 mean=123.68,116.78,103.94 bgr"}) {
    const Preprocessing read = *ParsePreprocessing(text);
    EXPECT_EQ(*ParsePreprocessing(ToString(read)), read) << text << " became " << ToString(read);
  }
}

TEST(PreprocessingText, WritesCompactly) {
  EXPECT_EQ(ToString(*ParsePreprocessing(" 1x28x28  mean=0.5 std=0.25")),
            "1x28x28 mean=0.5 std=0.25");
}

TEST(PreprocessingText, NamesTheWordThatIsWrong) {
  for (const char* word :
       {"mean=1,2", "std=0", "std=-1", "mean=nan", "std=inf", "resize=0", "resize=-4",
        "resize=99999999999", "scale=0", "scale=x", "colour", "bgr=1", "=", "mean="}) {
    const auto read = ParsePreprocessing(std::string("3x4x4 ") + word);
    ASSERT_FALSE(read) << word;
    EXPECT_THAT(read.error().message, HasSubstr(fmt::format("'{}' is not understood", word)));
  }
  for (const char* text :
       {"", "  ", "3x4", "2x4x4", "3x0x4", "3x4x4x4", "3x4x100000", "bgr 3x4x4"}) {
    EXPECT_FALSE(ParsePreprocessing(text)) << text;
  }
}

TEST(ToTensor, IsPixelTimesScaleMinusMeanOverStd) {
  const Image image{2, 1, {0, 51, 102, 153, 204, 255}};
  const Tensor tensor =
      ToTensor(image, *ParsePreprocessing("3x1x2 mean=0.1,0.2,0.3 std=0.5,0.25,1"));
  ASSERT_EQ(tensor.shape(), Shape({3, 1, 2}));
  const float expected[] = {-0.2F, 1, 0, 2.4F, 0.1F, 0.7F};
  for (size_t i = 0; i < 6; ++i) EXPECT_NEAR(tensor.Data<float>()[i], expected[i], 1e-6) << i;
}

TEST(ToTensor, BgrTurnsColoursRoundAndOneChannelIsBrightness) {
  const Image image{1, 1, {10, 20, 30}};
  const Tensor bgr = ToTensor(image, *ParsePreprocessing("3x1x1 scale=1 mean=1,2,3 bgr"));
  EXPECT_FLOAT_EQ(bgr.Data<float>()[0], 29);
  EXPECT_FLOAT_EQ(bgr.Data<float>()[1], 18);
  EXPECT_FLOAT_EQ(bgr.Data<float>()[2], 7);
  const Tensor grey = ToTensor(image, *ParsePreprocessing("1x1x1 scale=1"));
  EXPECT_NEAR(grey.Data<float>()[0], 0.299 * 10 + 0.587 * 20 + 0.114 * 30, 1e-4);
}

Image Fit(const Image& image, const Preprocessing& preprocessing) {
  return Apply(FitGeometry(image.width, image.height, preprocessing), image);
}

TEST(Fit, GivesTheSizeAskedForWhateverComes) {
  for (const char* text :
       {"3x20x24", "3x20x24 resize=30", "3x20x24 resize=10", "3x20x24 stretch"}) {
    for (const auto& [width, height] :
         {std::pair{24, 20}, {1, 1}, {100, 7}, {7, 3000}, {3000, 1}}) {
      const Image fitted = Fit(Gradient(width, height), *ParsePreprocessing(text));
      EXPECT_EQ(fitted.width, 24) << text;
      EXPECT_EQ(fitted.height, 20) << text;
      EXPECT_EQ(fitted.rgb.size(), 24 * 20 * 3u) << text;
    }
  }
}

TEST(Fit, CutsFromTheMiddle) {
  const Image image{5, 1, {0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4}};
  EXPECT_EQ(Fit(image, *ParsePreprocessing("3x1x3")).rgb,
            std::vector<uint8_t>({1, 1, 1, 2, 2, 2, 3, 3, 3}));
}

TEST(DecodeFor, AsksForNoMorePixelsThanNeeded) {
  EXPECT_EQ(DecodeFor(*ParsePreprocessing("3x224x224 resize=256")).min_side, 256);
  EXPECT_EQ(DecodeFor(*ParsePreprocessing("3x10x20 stretch")).min_side, 20);
  EXPECT_EQ(DecodeFor(*ParsePreprocessing("3x32x32")).min_side, 0);
}

}  // namespace
}  // namespace disco
