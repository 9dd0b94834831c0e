// SPDX-License-Identifier: Apache-2.0
#include "disco/plan/assignment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "disco/plan/sketch_for_test.h"
#include "disco/zoo/zoo.h"

namespace disco {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<double> Equal(int nodes) { return *ParseShares("", nodes); }

std::vector<int64_t> CountOwned(const ValueFeatures& value, const std::vector<NodeId>& owners,
                                size_t nodes) {
  std::vector<int64_t> counts(nodes);
  for (const AtomId atom : value.atoms)
    ++counts[static_cast<size_t>(owners[static_cast<size_t>(atom)])];
  return counts;
}

const Coupling& ResNet50() {
  static const Coupling coupling = AnalyseCoupling(*MakeZooNetwork({.name = "resnet50"}));
  return coupling;
}

TEST(Assignment, EqualSplitsOfResNet50AreExact) {
  for (const int nodes : {2, 4, 8}) {
    const auto owners = AssignAtoms(ResNet50(), Equal(nodes));
    for (const auto& value : ResNet50().values) {
      if (!value) continue;
      const auto features = static_cast<int64_t>(value->atoms.size());
      for (const int64_t count : CountOwned(*value, owners, static_cast<size_t>(nodes)))
        ASSERT_EQ(count, features / nodes) << features << " features, " << nodes << " nodes";
    }
  }
}

TEST(Assignment, EveryValueOfResNet50IsWithinOneAtomOfTheShare) {
  for (int nodes = 1; nodes <= 16; ++nodes) {
    const auto owners = AssignAtoms(ResNet50(), Equal(nodes));
    for (const auto& value : ResNet50().values) {
      if (!value) continue;
      const double share = static_cast<double>(value->atoms.size()) / nodes;
      for (const int64_t count : CountOwned(*value, owners, static_cast<size_t>(nodes)))
        ASSERT_THAT(static_cast<double>(count), DoubleNear(share, 1)) << nodes << " nodes";
    }
  }
}

TEST(Assignment, UnevenSharesAreMet) {
  const auto shares = *ParseShares("40,35,25", 3);
  const auto owners = AssignAtoms(ResNet50(), shares);
  for (const auto& value : ResNet50().values) {
    if (!value) continue;
    const auto counts = CountOwned(*value, owners, 3);
    for (size_t node = 0; node < 3; ++node) {
      const double share = shares[node] * static_cast<double>(value->atoms.size());
      ASSERT_THAT(static_cast<double>(counts[node]), DoubleNear(share, 1)) << "node " << node;
    }
  }
}

TEST(Assignment, FewerFeaturesThanNodesLeavesSomeNodesWithout) {
  Sketch sketch;
  const Graph graph = sketch.Finish({sketch.Conv("a", sketch.Input({1, 3, 4, 4}), 2)});
  const Coupling coupling = AnalyseCoupling(graph);
  const auto owners = AssignAtoms(coupling, Equal(5));
  ASSERT_EQ(owners.size(), 2u);
  EXPECT_LT(owners[0], owners[1]);
}

// A value made of parts that are owned already gives its free atoms to those who have too little.
TEST(Assignment, FreeAtomsGoWhereTheShareIsNotMet) {
  ValueFeatures first{1, {0, 1}}, second{1, {0, 0, 2, 3}};
  const Coupling coupling{{first, second}, {}};
  EXPECT_THAT(AssignAtoms(coupling, {0.5, 0.5}), ElementsAre(0, 1, 1, 1));
}

TEST(Shares, AreScaledToOne) {
  EXPECT_THAT(
      *ParseShares("40,35,25", 3),
      ElementsAre(DoubleNear(0.4, 1e-12), DoubleNear(0.35, 1e-12), DoubleNear(0.25, 1e-12)));
  EXPECT_THAT(*ParseShares("", 4), ElementsAre(0.25, 0.25, 0.25, 0.25));
}

TEST(Shares, WhatMakesNoSenseIsAUsageError) {
  for (const char* text : {"1,", ",1", "1,,2", "1;2", "a,b", "0,1", "-1,2", "nan,1", "inf,1",
                           "1e308,1e308", "1 ,2", "0x1,2"}) {
    const auto shares = ParseShares(text, 2);
    ASSERT_FALSE(shares) << text;
    EXPECT_EQ(shares.error().kind, ErrorKind::kUsage);
    EXPECT_THAT(shares.error().message, HasSubstr(text));
  }
  EXPECT_EQ(ParseShares("1,2,3", 2).error().message, "3 shares for 2 nodes");
  EXPECT_FALSE(ParseShares("", 0));
  EXPECT_FALSE(ParseShares("", -1));
}

}  // namespace
}  // namespace disco
