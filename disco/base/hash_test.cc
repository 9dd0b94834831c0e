// SPDX-License-Identifier: Apache-2.0
#include "disco/base/hash.h"

#include <gtest/gtest.h>

#include <set>

namespace disco {
namespace {

// Published values of XXH3: hashes are stored in files, so they must never change.
TEST(Hash, IsXxh3) {
  EXPECT_EQ(Hash(""), 0x2d06800538d394c2u);
  EXPECT_EQ(Hash("abc"), 0x78af5f94892f3950u);
}

TEST(Hash, OfBytesIsThatOfTheSameText) {
  const std::string text("a\0b\xff", 4);
  EXPECT_EQ(Hash(std::as_bytes(std::span(text))), Hash(text));
}

TEST(Hash, EveryFlippedBitIsNoticed) {
  std::string text(300, 'x');
  std::set<uint64_t> seen = {Hash(text)};
  for (size_t bit = 0; bit < 8 * text.size(); ++bit) {
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
    EXPECT_TRUE(seen.insert(Hash(text)).second) << "bit " << bit;
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
  }
}

TEST(Hash, TextHasSixteenDigits) {
  EXPECT_EQ(HashText(0), "0000000000000000");
  EXPECT_EQ(HashText(0xfedcba9876543210u), "fedcba9876543210");
}

}  // namespace
}  // namespace disco
