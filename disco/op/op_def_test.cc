// SPDX-License-Identifier: Apache-2.0
// That the table of ops is complete.
#include "disco/op/op_def.h"
#include "disco/op/op_name.h"

#include <gtest/gtest.h>

#include <set>

namespace disco {
namespace {

TEST(OpDefs, StandAtTheValueOfTheirType) {
  const std::span<const OpDef> defs = AllOps();
  for (size_t i = 0; i < defs.size(); ++i)
    EXPECT_EQ(static_cast<size_t>(defs[i].type), i) << defs[i].name << " or the type before it";
  EXPECT_EQ(defs.size(), static_cast<size_t>(OpType::kUnsqueeze) + 1) << "the last type";
}

TEST(OpDefs, AreFoundByTheirName) {
  std::set<std::string_view> names;
  for (const OpDef& def : AllOps()) {
    EXPECT_EQ(FindOpType(def.name), def.type);
    EXPECT_EQ(Name(def.type), def.name);
    EXPECT_TRUE(names.insert(def.name).second) << def.name << " is defined twice";
  }
  EXPECT_EQ(Name(OpType::kLrn), "LRN");
  EXPECT_FALSE(FindOpType("conv"));
  EXPECT_FALSE(FindOpType(""));
}

TEST(OpDefs, SayAllThatEveryOpHasToSay) {
  for (const OpDef& def : AllOps()) {
    EXPECT_NE(def.infer, nullptr) << def.name << " has no shape rule";
    EXPECT_NE(def.features, nullptr) << def.name << " has no feature rule";
    EXPECT_NE(def.mixes_batch, nullptr) << def.name << " has no batch rule";
    EXPECT_LE(def.arity.least_inputs, def.arity.most_inputs) << def.name;
  }
}

// What one piece of a definition needs of another.
TEST(OpDefs, AreOfOnePiece) {
  for (const OpDef& def : AllOps()) {
    SCOPED_TRACE(def.name);
    const bool has_params = !std::holds_alternative<std::monostate>(def.defaults);
    EXPECT_EQ(has_params, def.fields != nullptr) << "parameters and their attributes";
    EXPECT_EQ(def.mixing != nullptr, def.Is(kProduct)) << "what mixes multiplies";
    EXPECT_EQ(def.depth != nullptr, def.Is(kProduct)) << "what multiplies is counted";
    EXPECT_TRUE(!def.Is(kKeepsOrder) || def.Is(kMovesElements));
    for (const AttributeInput& input : def.attribute_inputs) {
      EXPECT_TRUE(def.IsParameter(input.slot)) << input.name << " is a parameter";
      EXPECT_LT(input.slot, def.arity.most_inputs) << input.name;
    }
  }
}

}  // namespace
}  // namespace disco
