// SPDX-License-Identifier: Apache-2.0
#include "disco/cost/choose_calls.h"

#include <gtest/gtest.h>

#include "disco/cost/links_for_test.h"
#include "disco/cost/simulate.h"
#include "disco/plan/make_plan.h"
#include "disco/plan/sketch_for_test.h"
#include "disco/shard/cut_for_test.h"
#include "disco/zoo/zoo.h"

namespace disco {
namespace {

// x -> a (features of a travel) -> b, on two equal nodes.
struct TwoLayers {
  TwoLayers(int64_t middle, int64_t last) {
    Sketch sketch;
    const ValueId a = sketch.Conv("a", sketch.Input({1, 3, 28, 28}), middle);
    graph = sketch.Finish({sketch.Conv("b", a, last, {.kernel = 3})});
    plan = *MakePlan(graph, {.nodes = 2, .sparsity = 0.9});
  }
  MixingCall ChosenOn(const Cluster& cluster) const {
    return ChooseCalls(*Bind(graph, plan), cluster).Find("a")->call;
  }
  Graph graph;
  Plan plan;
};

TEST(ChooseCalls, AQuickWireAndASmallInputAreFused) {
  EXPECT_EQ(TwoLayers(16, 512).ChosenOn(Over(kQuickLink)), MixingCall::kFused);
}

TEST(ChooseCalls, ALargeInputIsNotCopied) {
  EXPECT_EQ(TwoLayers(512, 16).ChosenOn(Over(kQuickLink)), MixingCall::kSplit);
}

TEST(ChooseCalls, ASlowWireIsHidden) {
  EXPECT_EQ(TwoLayers(64, 128).ChosenOn(Over(kSlowLink)), MixingCall::kSplit);
}

// The choice is a local one; over a whole network it is no worse than either rule for all.
TEST(ChooseCalls, IsNoWorseThanOneRuleForAll) {
  const Graph graph = *MakeZooNetwork({.name = "resnet20"});
  const Plan plan = *MakePlan(graph, {.nodes = 2, .sparsity = 0.9});
  for (const Link& link : {kQuickLink, kSlowLink, Link{{125e6}, Milliseconds(0.06)}}) {
    const Cluster cluster = Over(link);
    const auto time = [&](const Plan& chosen) {
      const auto cut = CutFor(graph, chosen);
      EXPECT_TRUE(cut);
      return Simulate(*cut, cluster)->total.count();
    };
    const double chosen = time(ChooseCalls(*Bind(graph, plan), cluster));
    for (const MixingCall call : {MixingCall::kSplit, MixingCall::kFused}) {
      Plan same = plan;
      for (auto& [name, value] : same.values) value.call = call;
      EXPECT_LE(chosen, time(same) * 1.01)
          << Name(call) << " at " << link.bandwidth.bytes_per_second;
    }
  }
}

TEST(ChooseCalls, OneNodeHasNothingToChoose) {
  const Graph graph = *MakeZooNetwork({.name = "resnet8"});
  const Plan plan = SingleNodePlan(graph);
  EXPECT_EQ(Hash(ChooseCalls(*Bind(graph, plan), UsualCluster(1))), Hash(plan));
}

}  // namespace
}  // namespace disco
