// SPDX-License-Identifier: Apache-2.0
#include "disco/cost/choose_with_next.h"

#include <gtest/gtest.h>

#include "disco/cost/links_for_test.h"
#include "disco/cost/simulate.h"
#include "disco/plan/make_plan.h"
#include "disco/plan/sketch_for_test.h"
#include "disco/shard/cut_for_test.h"
#include "disco/zoo/zoo.h"

namespace disco {
namespace {

// Blocks of three branches: two squeeze their input and send the result, and `point` is work that
// nobody waits for, so many features of it.
struct Blocks {
  explicit Blocks(const std::vector<int64_t>& widths) {
    Sketch sketch;
    ValueId x = sketch.Conv("in", sketch.Input({1, 3, 14, 14}), 16);
    for (size_t block = 0; block < widths.size(); ++block) {
      const auto named = [&](const char* name) { return fmt::format("{}{}", name, block); };
      const ValueId three = sketch.Conv(named("three"), sketch.Conv(named("three.squeeze"), x, 16),
                                        16, {.kernel = 3});
      const ValueId five =
          sketch.Conv(named("five"), sketch.Conv(named("five.squeeze"), x, 16), 16, {.kernel = 5});
      const ValueId point = sketch.Conv(named("point"), x, widths[block], {.kernel = 7});
      x = sketch.Op(OpType::kConcat, named("joined"), {three, five, point}, AxisParams{1});
    }
    graph = sketch.Finish({sketch.Conv("out", x, 16)});
    plan = *MakePlan(graph, {.nodes = 2, .sparsity = 0.5});
  }
  bool ChosenOn(const Cluster& cluster, const std::string& value) const {
    const auto chosen = ChooseWithNext(*Bind(graph, plan)->ForNodes(), cluster);
    EXPECT_TRUE(chosen) << chosen.error().message;
    EXPECT_EQ(chosen->values.size(), plan.values.size());
    return chosen->Find(value)->with_next;
  }
  Graph graph;
  Plan plan;
};

Cluster WithOverhead(Cluster cluster, Milliseconds overhead) {
  for (auto& node : cluster.nodes) node.speed.send.overhead = overhead;
  return cluster;
}

TEST(ChooseWithNext, ValuesThatAreNeededLaterTravelTogether) {
  const Blocks net({512});
  EXPECT_TRUE(net.ChosenOn(Over(kQuickLink), "three.squeeze0"));
  EXPECT_FALSE(net.ChosenOn(Over(kQuickLink), "five.squeeze0")) << "nothing follows in its stage";
  EXPECT_FALSE(net.ChosenOn(Over(kQuickLink), "in"));
}

TEST(ChooseWithNext, WhatSomebodyWaitsForLeavesAtOnce) {
  const Blocks net({2, 512});
  const Cluster cluster = WithOverhead(Over({{125e6}, Milliseconds(0.06)}), Milliseconds(1e-3));
  EXPECT_FALSE(net.ChosenOn(cluster, "three.squeeze0"));
  EXPECT_TRUE(net.ChosenOn(cluster, "three.squeeze1"));
}

TEST(ChooseWithNext, AMessageThatCostsNothingIsNotSaved) {
  const Blocks net({512});
  EXPECT_FALSE(net.ChosenOn(WithOverhead(Over(kQuickLink), Milliseconds(0)), "three.squeeze0"));
}

TEST(ChooseWithNext, ForgetsWhatAnotherClusterChose) {
  Blocks net({512});
  for (auto& [name, value] : net.plan.values) value.with_next = value.read_foreign;
  EXPECT_FALSE(net.ChosenOn(Over(kQuickLink), "five.squeeze0"));
}

// Folding its normalisation renumbers the values of a network.
TEST(ChooseWithNext, ValuesAreFoundByName) {
  Sketch sketch;
  const ValueId in = sketch.Conv("in", sketch.Input({1, 3, 14, 14}), 16);
  const auto normal = [&](const std::string& name, ValueId x) {
    std::vector<ValueId> inputs = {x};
    for (const char* part : {".scale", ".bias", ".mean"})
      inputs.push_back(sketch.Constant(name + part, Shape{16}));
    Tensor variance(DType::kF32, {16});
    std::ranges::fill(variance.MutableData<float>(), 1.0f);
    inputs.push_back(sketch.Constant(name + ".variance", std::move(variance)));
    return sketch.Op(OpType::kBatchNormalization, name, inputs, BatchNormParams{});
  };
  const ValueId a = normal("a.norm", sketch.Conv("a", in, 16));
  const ValueId b = normal("b.norm", sketch.Conv("b", in, 16));
  const ValueId wide = sketch.Conv("wide", in, 512, {.kernel = 7});
  Blocks net({2});
  net.graph = sketch.Finish({sketch.Conv("a2", a, 16), sketch.Conv("b2", b, 16), wide});
  net.plan = *MakePlan(net.graph, {.nodes = 2, .sparsity = 0.5});
  EXPECT_TRUE(net.ChosenOn(Over(kQuickLink), "a.norm"));
}

TEST(ChooseWithNext, IsNeverSlowerAsSimulated) {
  for (const int64_t width : {2, 64, 512}) {
    const Blocks net({width, 2 * width});
    for (const Link& link : {kQuickLink, kSlowLink, Link{{125e6}, Milliseconds(0.06)}}) {
      const Cluster cluster = Over(link);
      const auto time = [&](const Plan& plan) {
        return Simulate(*CutFor(net.graph, plan), cluster)->total;
      };
      EXPECT_LE(time(*ChooseWithNext(*Bind(net.graph, net.plan)->ForNodes(), cluster)),
                time(net.plan));
    }
  }
}

}  // namespace
}  // namespace disco
