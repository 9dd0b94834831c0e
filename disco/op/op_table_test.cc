// SPDX-License-Identifier: Apache-2.0
#include "disco/op/op_table.h"

#include <gtest/gtest.h>

#include <string_view>

namespace disco {
namespace {

using Table = OpTable<std::string_view>;

constexpr Table::Entry kActivations[] = {{OpType::kRelu, "relu"}, {OpType::kClip, "clip"}};
constexpr Table::Entry kLayout[] = {{OpType::kUnsqueeze, "unsqueeze"}, {OpType::kAdd, "add"}};

TEST(OpTable, FindsTheEntriesOfAllFamilies) {
  const Table table = {kActivations, kLayout};
  for (const auto family : {std::span(kActivations), std::span(kLayout)}) {
    for (const Table::Entry& entry : family) {
      ASSERT_NE(table.Find(entry.type), nullptr) << entry.value;
      EXPECT_EQ(*table.Find(entry.type), entry.value);
    }
  }
}

TEST(OpTable, HasNothingForAnOpThatNoFamilyLists) {
  const Table table = {kActivations};
  EXPECT_EQ(table.Find(OpType::kAdd), nullptr);  // before, between and after those listed
  EXPECT_EQ(table.Find(OpType::kConv), nullptr);
  EXPECT_EQ(table.Find(OpType::kUnsqueeze), nullptr);
  EXPECT_EQ(Table({}).Find(OpType::kAdd), nullptr);
}

TEST(OpTableDeathTest, RefusesAnOpThatIsListedTwice) {
  constexpr Table::Entry again[] = {{OpType::kClip, "clip again"}};
  EXPECT_DEATH(Table({kActivations, again}), "op Clip is listed twice");
}

}  // namespace
}  // namespace disco
