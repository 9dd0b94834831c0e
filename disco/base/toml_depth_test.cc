// SPDX-License-Identifier: Apache-2.0
#include "disco/base/toml_depth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace disco {
namespace {

using testing::HasSubstr;

TEST(TomlDepth, WhatFilesNeedIsFlatEnough) {
  std::string many;
  for (int i = 0; i < 1000; ++i)
    many += "[[node]]\nname = \"10.0.0.1\"\nlist = [[1.5], {a.b = 2}]\n";
  EXPECT_TRUE(CheckTomlDepth(many));
}

TEST(TomlDepth, WhatWouldExhaustAParserIsRefusedByLine) {
  const Status brackets = CheckTomlDepth("a = 1\nb = " + std::string(10000, '['));
  ASSERT_FALSE(brackets);
  EXPECT_THAT(brackets.error().message, HasSubstr("line 2"));
  std::string lines = "a = ";
  for (int i = 0; i < 200; ++i) lines += "{ b = [\n";
  EXPECT_FALSE(CheckTomlDepth(lines));
  std::string key = "a";
  for (int i = 0; i < 50000; ++i) key += ".a";
  EXPECT_THAT(CheckTomlDepth(key + " = 1").error().message, HasSubstr("line 1"));
}

}  // namespace
}  // namespace disco
