// SPDX-License-Identifier: Apache-2.0
#include "disco/base/text.h"

#include <gtest/gtest.h>

#include <string>

namespace disco {
namespace {

TEST(Utf8, AcceptsCharactersOfEveryLength) {
  EXPECT_TRUE(IsUtf8(""));
  EXPECT_TRUE(IsUtf8("layer1/conv"));
  EXPECT_TRUE(IsUtf8("\u00e9 \u4e2d \U0001f600 \U0010ffff \ud7ff \ue000"));
  EXPECT_TRUE(IsUtf8(std::string_view("a\0b", 3)));
}

TEST(Utf8, RefusesWhatOnlyLooksLikeIt) {
  for (const char* text : {"\x80", "a\xff", "\xc3", "\xc3(", "\xe4\xb8", "\xf0\x9f\x98", "\xfe"})
    EXPECT_FALSE(IsUtf8(text)) << text;
  EXPECT_FALSE(IsUtf8("\xc0\xaf")) << "overlong";
  EXPECT_FALSE(IsUtf8("\xe0\x80\xaf")) << "overlong";
  EXPECT_FALSE(IsUtf8("\xf0\x80\x80\xaf")) << "overlong";
  EXPECT_FALSE(IsUtf8("\xed\xa0\x80")) << "surrogate";
  EXPECT_FALSE(IsUtf8("\xf4\x90\x80\x80")) << "beyond the last character";
}

TEST(Printable, LeavesNothingThatMovesACursor) {
  EXPECT_EQ(Printable("a\x1b[2J\nb\tc\x7f"), "a [2J b c ");
  EXPECT_EQ(Printable("caf\u00e9"), "caf\u00e9");
  EXPECT_EQ(Printable("a\u009b2Jb"), "a  2Jb");
}

}  // namespace
}  // namespace disco
