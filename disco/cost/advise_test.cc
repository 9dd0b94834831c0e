// SPDX-License-Identifier: Apache-2.0
#include "disco/cost/advise.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "disco/cost/choose_calls.h"
#include "disco/cost/simulate.h"
#include "disco/plan/make_plan.h"
#include "disco/plan/sketch_for_test.h"
#include "disco/shard/cut_for_test.h"
#include "disco/zoo/zoo.h"

namespace disco {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Graph Network() { return *MakeZooNetwork({.name = "resnet20"}); }

Cluster Equal(double bytes_per_second, int nodes = 3) {
  return Uniform({.nodes = nodes, .link = {{bytes_per_second}}, .compute = {1e9}});
}

Advice AdviceFor(const Cluster& cluster, const AdviseOptions& options = {}) {
  auto advice = Advise(Network(), cluster, options);
  EXPECT_TRUE(advice) << advice.error().message;
  return std::move(*advice);
}

TEST(Advise, TriesEveryNumberOfNodesAtEveryS) {
  const Advice advice = AdviceFor(Equal(1e6), {.sparsities = {0.9, 0.8}});
  std::vector<std::string> tried;
  for (const Candidate& candidate : advice.candidates)
    tried.push_back(
        fmt::format("{} {} {:g}", candidate.nodes.size(), candidate.method, candidate.sparsity));
  EXPECT_THAT(tried, ElementsAre("2 dense 0", "2 disco 0.8", "2 disco 0.9", "2 branches 1",
                                 "3 dense 0", "3 disco 0.8", "3 disco 0.9", "3 branches 1"));
  EXPECT_EQ(AdviceFor(Equal(1e6), {.nodes_max = 2}).candidates.size(), 6u);
  EXPECT_TRUE(AdviceFor(Equal(1e6, 1)).candidates.empty());
}

TEST(Advise, SaysOneNodeWhereTheLinkIsSlow) {
  const Advice advice = AdviceFor(Equal(1e3));
  EXPECT_FALSE(advice.best);
  EXPECT_FALSE(advice.least_sparse);
  EXPECT_TRUE(advice.one_node.fits);
}

TEST(Advise, SaysDenseOnManyNodesWhereTheLinkIsFast) {
  const Advice advice = AdviceFor(Equal(1e15));
  ASSERT_TRUE(advice.best && advice.least_sparse);
  EXPECT_EQ(advice.candidates[*advice.least_sparse].method, "dense");
  EXPECT_EQ(advice.candidates[*advice.best].nodes.size(), 3u);
}

// Between: the fastest has a high S, a lower one pays as well; branches are never advised.
TEST(Advise, NamesTheFastestAndTheLeastSparse) {
  const Advice advice = AdviceFor(Equal(5e6));
  ASSERT_TRUE(advice.best && advice.least_sparse);
  const Candidate &best = advice.candidates[*advice.best],
                  &least = advice.candidates[*advice.least_sparse];
  EXPECT_EQ(best.method, "disco");
  EXPECT_LT(least.sparsity, best.sparsity);
  for (const Candidate& candidate : advice.candidates) {
    if (candidate.method == "branches") continue;
    EXPECT_GE(candidate.time * 1.01, best.time);
    if (candidate.sparsity >= least.sparsity) continue;
    EXPECT_GE(candidate.time, advice.one_node.time() * 0.99);
  }
}

TEST(Advise, BreakEvenIsWhereOneNodeIsAsFast) {
  const Cluster cluster = Equal(1e6);
  const Advice advice = AdviceFor(cluster, {.nodes_max = 2, .sparsities = {0.9}});
  ASSERT_EQ(advice.factors.size(), 31u);
  EXPECT_DOUBLE_EQ(advice.factors.front(), kLeastFactor);
  EXPECT_NEAR(advice.factors.back(), kMostFactor, 1e-9);
  const Candidate& candidate = advice.candidates[1];
  ASSERT_TRUE(candidate.break_even);
  const Plan plan = *MakePlan(Network(), {.nodes = 2, .sparsity = 0.9});
  const Cut cut = *CutFor(Network(), ChooseCalls(*Bind(Network(), plan), cluster));
  const auto at = [&](double factor) {
    return Simulate(cut, WithBandwidth(cluster, factor))->total;
  };
  EXPECT_LE(at(*candidate.break_even), advice.one_node.time());
  EXPECT_GT(at(*candidate.break_even * 0.998), advice.one_node.time());
  EXPECT_EQ(candidate.time, at(1));
  EXPECT_EQ(candidate.times[20], at(advice.factors[20]));
  // Two branches send nothing, dense never pays at 1000 times less.
  EXPECT_EQ(advice.candidates[2].break_even, kLeastFactor);
  EXPECT_FALSE(AdviceFor(Equal(1e3)).candidates[0].break_even);
}

TEST(Advise, TakesTheFastestNodesAndGivesThemTheirShares) {
  Cluster cluster = Equal(1e7);
  for (const auto& [node, rate] : {std::pair(0, 1e9), {1, 1e8}, {2, 3e9}}) {
    for (KindSpeed& kind : cluster.nodes[static_cast<size_t>(node)].speed.kinds) kind.rate = {rate};
  }
  const Advice advice = AdviceFor(cluster);
  EXPECT_EQ(advice.one_node.fastest, 2);
  EXPECT_THAT(advice.candidates[0].nodes, ElementsAre(0, 2));
  ASSERT_EQ(advice.candidates[0].shares.size(), 2u);
  EXPECT_NEAR(advice.candidates[0].shares[0], 0.25, 1e-9);
  EXPECT_NEAR(advice.candidates[0].shares[1], 0.75, 1e-9);
  EXPECT_TRUE(AdviceFor(Equal(1e7)).candidates[0].shares.empty());
}

TEST(Advise, PrefersWhatFits) {
  // Large enough for its weights to count more than its ops.
  const Graph network = *MakeZooNetwork({.name = "resnet18", .image = {3, 32, 32}});
  Cluster cluster = Equal(1e3, 2);
  const Bytes needed = Advise(network, cluster, {})->one_node.memory;
  for (ClusterNode& node : cluster.nodes) node.memory = {needed.value - 1};
  const Advice advice = *Advise(network, cluster, {});
  EXPECT_FALSE(advice.one_node.fits);
  ASSERT_TRUE(advice.best) << "slower than one node, but there is none";
  EXPECT_TRUE(advice.candidates[*advice.best].fits);
  for (ClusterNode& node : cluster.nodes) node.memory = {1000};
  EXPECT_FALSE(Advise(network, cluster, {})->best);
}

TEST(Advise, DrawsNothingOverAnUnlimitedLink) {
  const Advice advice = AdviceFor(Equal(kUnlimited, 2));
  EXPECT_TRUE(advice.factors.empty());
  EXPECT_TRUE(advice.best);
  EXPECT_TRUE(AdviceFor(Uniform({.link = {{1e6}}, .compute = {kUnlimited}})).factors.empty());
}

TEST(Advise, RefusesWhatMakesNoSense) {
  const auto error = [](const AdviseOptions& options) {
    const auto advice = Advise(Network(), Equal(1e6), options);
    EXPECT_FALSE(advice);
    return advice ? "" : advice.error().message;
  };
  EXPECT_THAT(error({.nodes_max = 4}), HasSubstr("--nodes-max 4: the cluster has 3"));
  EXPECT_THAT(error({.sparsities = {1}}), HasSubstr("--sparsities 1"));
  EXPECT_THAT(error({.sparsities = {std::nan("")}}), HasSubstr("--sparsities nan"));
}

TEST(Memory, GrowsByTheShardItsWeightsAndItsValues) {
  const auto memory = [](int64_t outputs) {
    Sketch sketch;
    const ValueId x = sketch.Input({1, 4, 2, 2});
    return MemoryOf(sketch.Finish({sketch.Conv("a", x, outputs)})).value;
  };
  EXPECT_EQ(memory(12) - memory(8), 4 * (2 * 4 * 4 + 4 * 2 * 2));
}

TEST(OneNodeTime, IsOfTheFastestThatTheNetworkFitsIn) {
  Cluster cluster = Equal(1e6);
  for (KindSpeed& kind : cluster.nodes[1].speed.kinds) kind.rate = {5e9};
  for (KindSpeed& kind : cluster.nodes[2].speed.kinds) kind.rate = {9e9};
  EXPECT_EQ(OnOneNode(BindWhole(Network())->for_nodes, cluster)->fastest, 2);
  cluster.nodes[2].memory = {1000};
  EXPECT_EQ(OnOneNode(BindWhole(Network())->for_nodes, cluster)->fastest, 1);
  cluster.nodes[0].memory = cluster.nodes[1].memory = {1000};
  const OneNode none = *OnOneNode(BindWhole(Network())->for_nodes, cluster);
  EXPECT_EQ(none.fastest, 2);
  EXPECT_FALSE(none.fits);
}

}  // namespace
}  // namespace disco
