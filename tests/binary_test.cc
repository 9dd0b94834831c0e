// SPDX-License-Identifier: Apache-2.0
// What a node needs is small: `disco` does not link LibTorch, nor does anything it links.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <string>

namespace disco {
namespace {

std::string OutputOf(const std::string& command) {
  std::string output;
  FILE* pipe = popen(command.c_str(), "r");
  std::array<char, 4096> block;
  while (const size_t count = fread(block.data(), 1, block.size(), pipe))
    output.append(block.data(), count);
  EXPECT_EQ(pclose(pipe), 0) << command;
  return output;
}

TEST(DiscoBinary, DoesNotLinkLibTorch) {
  const std::string needed = OutputOf("readelf -d " DISCO_BINARY);
  EXPECT_NE(needed.find("NEEDED"), std::string::npos);
  EXPECT_EQ(needed.find("torch"), std::string::npos) << needed;
  EXPECT_EQ(needed.find("libc10"), std::string::npos) << needed;
}

}  // namespace
}  // namespace disco
