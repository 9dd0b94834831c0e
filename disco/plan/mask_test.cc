// SPDX-License-Identifier: Apache-2.0
#include "disco/plan/mask.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "disco/op/validate.h"
#include "disco/plan/make_plan.h"
#include "disco/plan/sketch_for_test.h"

namespace disco {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct KeptRow {
  int64_t features;
  double sparsity;
  int64_t ceil, floor;
};
class KeptCountTest : public testing::TestWithParam<KeptRow> {};

TEST_P(KeptCountTest, RoundUpOrDown) {
  const KeptRow& row = GetParam();
  EXPECT_EQ(KeptCount(row.features, {row.sparsity, false}), row.ceil);
  EXPECT_EQ(KeptCount(row.features, {row.sparsity, true}), row.floor);
}

// 1 - 0.7, 1 - 0.9 and 1 - 0.95 are no whole tenths in binary.
INSTANTIATE_TEST_SUITE_P(Table, KeptCountTest,
                         testing::Values(KeptRow{10, 0.7, 3, 3}, KeptRow{10, 0.9, 1, 1},
                                         KeptRow{20, 0.95, 1, 1}, KeptRow{1000, 0.999, 1, 1},
                                         KeptRow{30, 0.9, 3, 3}, KeptRow{32, 0.99, 1, 0},
                                         KeptRow{32, 0.95, 2, 1}, KeptRow{7, 0.5, 4, 3},
                                         KeptRow{5, 0, 5, 5}, KeptRow{5, 1, 0, 0},
                                         KeptRow{0, 0.5, 0, 0}, KeptRow{1, 0.01, 1, 0}));

// A value `x` that two mixing ops read, one by 3x3 and one as the transposed weights of a Gemm.
struct TwoReaders {
  TwoReaders() {
    Sketch sketch;
    const ValueId x = sketch.Conv("x", sketch.Input({1, 3, 1, 1}), 6, {.bias = true});
    const ValueId conv = sketch.Conv("conv", x, 4, {.kernel = 3});
    const ValueId flat = sketch.Op(OpType::kFlatten, "flat", {x}, AxisParams{1});
    const ValueId gemm = sketch.Gemm("gemm", flat, 5, false);
    const ValueId point = sketch.Conv("point", x, 3);
    graph = sketch.Finish({conv, gemm, point});
  }
  Plan MakeDense(int nodes) const {
    return *MakePlan(graph, {.nodes = nodes, .method = {Method::kDense, ""}});
  }
  Graph graph;
};

// Sum of |w| over all weights from `feature` to outputs of `node`, element by element.
double NaiveNorm(const Graph& graph, const std::string& op, const Plan& plan, int64_t feature,
                 NodeId node) {
  const Value& weights = graph.value(IdOf(graph, op + ".w"));
  const auto& owner = plan.Find(op)->owner;
  const bool inputs_first = op == "gemm";
  double norm = 0;
  for (int64_t element = 0; element < weights.shape.elements(); ++element) {
    const int64_t taps = weights.shape.elements(2, weights.shape.rank());
    int64_t row = element / taps / weights.shape[1], column = element / taps % weights.shape[1];
    if (inputs_first) std::swap(row, column);
    if (column != feature || owner[static_cast<size_t>(row)] != node) continue;
    norm += std::abs(weights.constant->Data<float>()[static_cast<size_t>(element)]);
  }
  return norm;
}

TEST(Scores, AreTheNaiveNormSummedOverReaders) {
  const TwoReaders net;
  const Plan plan = net.MakeDense(3);
  const BoundPlan bound = *Bind(net.graph, plan);
  const ValuePlan& x = *plan.Find("x");
  const auto scores = ScoreByL1(net.graph, bound.readers(IdOf(net.graph, "x")), bound.parts(), x);
  for (NodeId to = 0; to < 3; ++to) {
    for (int64_t feature = 0; feature < 6; ++feature) {
      const double expected = x.owner[static_cast<size_t>(feature)] == to
                                  ? 0
                                  : NaiveNorm(net.graph, "conv", plan, feature, to) +
                                        NaiveNorm(net.graph, "point", plan, feature, to);
      EXPECT_NEAR(scores[static_cast<size_t>(to)][static_cast<size_t>(feature)], expected, 1e-6)
          << "feature " << feature << " to " << to;
    }
  }
  const auto of_flat = ScoreByL1(net.graph, bound.readers(IdOf(net.graph, "flat")), bound.parts(),
                                 *plan.Find("flat"));
  EXPECT_NEAR(of_flat[0][5], NaiveNorm(net.graph, "gemm", plan, 5, 0), 1e-6);
}

TEST(ChooseKept, TakesTheBestOfEachSender) {
  const ValuePlan value{.owner = {0, 0, 0, 1, 1, 1, 2, 2}};
  const std::vector<std::vector<double>> scores = {
      {0, 0, 0, 1, 3, 2, 5, 4}, {1, 9, 2, 0, 0, 0, 7, 7}, {3, 3, 1, 0, 8, 9, 0, 0}};
  const auto kept = ChooseKept(value, scores, {true, true, false}, {.sparsity = 0.5});
  ASSERT_EQ(kept.size(), 3u);
  EXPECT_THAT(kept[0], ElementsAre(4, 5, 6));  // 2 of 3 from node 1, 1 of 2 from node 2
  EXPECT_THAT(kept[1], ElementsAre(1, 2, 6));  // of equals the first
  EXPECT_THAT(kept[2], IsEmpty());             // reads nothing
}

TEST(ChooseKept, ANodeWithoutFeaturesOfItsOwnKeepsItsBest) {
  const ValuePlan value{.owner = {0, 0, 1}};
  const std::vector<std::vector<double>> scores = {{0, 0, 1}, {1, 1, 0}, {1, 5, 2}};
  const auto kept =
      ChooseKept(value, scores, {true, true, true}, {.sparsity = 1, .allow_empty = true});
  EXPECT_THAT(kept[0], IsEmpty());
  EXPECT_THAT(kept[1], IsEmpty());
  EXPECT_THAT(kept[2], ElementsAre(1));
}

TEST(ChooseKept, PrunedFeaturesStayPruned) {
  const ValuePlan value{.owner = {0, 0, 1}};
  const std::vector<std::vector<double>> scores = {{0, 0, 1}, {1, 5, 0}, {1, 5, 9}};
  const std::vector<std::vector<int64_t>> candidates = {{}, {0}, {0}};
  const auto kept = ChooseKept(value, scores, {true, true, true}, {.sparsity = 0}, &candidates);
  EXPECT_THAT(kept[0], IsEmpty());
  EXPECT_THAT(kept[1], ElementsAre(0));
  EXPECT_THAT(kept[2], ElementsAre(0));
  const auto none = ChooseKept(value, scores, {true, true, true}, {.sparsity = 1}, &candidates);
  EXPECT_THAT(none[2], ElementsAre(0)) << "the one it keeps is one that it kept before";
}

TEST(ApplyMask, ZeroesThePrunedAndNothingElse) {
  TwoReaders net;
  const Plan plan = *MakePlan(net.graph, {.nodes = 3, .sparsity = 0.5});
  Graph masked = net.graph;
  int64_t differing = 0;
  const int64_t zeroed = ApplyMask(masked, plan);
  for (const std::string op : {"conv", "gemm", "point"}) {
    const std::string input = op == "gemm" ? "flat" : "x";
    const Tensor& before = *net.graph.value(IdOf(net.graph, op + ".w")).constant;
    const Tensor& after = *masked.value(IdOf(masked, op + ".w")).constant;
    const ValuePlan &from = *plan.Find(input), &to = *plan.Find(op);
    const int64_t taps = before.shape().elements(2, before.shape().rank());
    for (int64_t element = 0; element < before.elements(); ++element) {
      auto row = static_cast<size_t>(element / taps / before.shape()[1]);
      auto column = static_cast<size_t>(element / taps % before.shape()[1]);
      if (op == "gemm") std::swap(row, column);
      const NodeId reader = to.owner[row];
      const auto& kept = from.kept[static_cast<size_t>(reader)];
      const bool lives =
          from.owner[column] == reader || std::find(kept.begin(), kept.end(), column) != kept.end();
      const auto i = static_cast<size_t>(element);
      EXPECT_EQ(after.Data<float>()[i], lives ? before.Data<float>()[i] : 0) << op << element;
      differing += after.Data<float>()[i] != before.Data<float>()[i];
    }
  }
  EXPECT_EQ(zeroed, differing);
  EXPECT_GT(zeroed, 0);
  EXPECT_EQ(ApplyMask(masked, plan), 0) << "a second time there is nothing left to do";
  for (size_t value = 0; value < masked.values.size(); ++value) {
    const auto &before = net.graph.values[value], &after = masked.values[value];
    if (!before.constant || before.name == "conv.w" || before.name == "gemm.w" ||
        before.name == "point.w")
      continue;
    EXPECT_TRUE(std::ranges::equal(before.constant->bytes(), after.constant->bytes()))
        << before.name;
  }
}

TEST(ApplyMask, WeightsThatTwoOpsSharePartWhereTheirMasksDo) {
  Sketch sketch;
  const ValueId input = sketch.Input({1, 3, 2, 2});
  const ValueId a = sketch.Conv("a", input, 4), b = sketch.Conv("b", input, 4);
  const ValueId weights = sketch.Constant("shared", {4, 4, 1, 1});
  const ValueId on_a = sketch.Op(OpType::kConv, "on_a", {a, weights}, ConvParams{});
  const ValueId on_b = sketch.Op(OpType::kConv, "on_b", {b, weights}, ConvParams{});
  Graph graph = sketch.Finish({on_a, on_b});
  Plan plan = *MakePlan(graph, {.nodes = 2, .method = {Method::kDense, ""}});
  plan.values["a"].kept = {{}, {}};
  ApplyMask(graph, plan);
  ASSERT_TRUE(Validate(graph));
  const auto zeros = [&](const char* name) {
    for (const Op& op : graph.ops) {
      if (op.name != name) continue;
      const auto data = graph.ConstantInput(op, 1)->Data<float>();
      return std::count(data.begin(), data.end(), 0.0f);
    }
    return std::ptrdiff_t{-1};
  };
  EXPECT_EQ(zeros("on_a"), 8);
  EXPECT_EQ(zeros("on_b"), 0);
}

TEST(ApplyMask, OpsOfOneNameThatShareWeightsPartToo) {
  Sketch sketch;
  const ValueId a = sketch.Conv("a", sketch.Input({1, 3, 2, 2}), 4);
  const ValueId weights = sketch.Constant("shared", {4, 4, 1, 1});
  std::vector<ValueId> outputs;
  for (const char* name : {"x", "y", "z"})
    outputs.push_back(sketch.Op(OpType::kConv, name, {a, weights}, ConvParams{}));
  Graph graph = sketch.Finish(outputs);
  for (Op& op : graph.ops) op.name = "same";
  ApplyMask(graph, *MakePlan(graph, {.nodes = 2, .sparsity = 0.5}));
  const Status valid = Validate(graph);
  EXPECT_TRUE(valid) << valid.error().message;
}

TEST(ApplyMask, LeavesWeightsWholeForWhoAddsThem) {
  Sketch sketch;
  const ValueId a = sketch.Conv("a", sketch.Input({1, 3, 2, 2}), 4);
  const ValueId weights = sketch.Constant("shared", {4, 4, 1, 1});
  const ValueId conv = sketch.Op(OpType::kConv, "conv", {a, weights}, ConvParams{});
  Graph graph = sketch.Finish({sketch.Op(OpType::kAdd, "sum", {conv, weights})});
  const Tensor before = *graph.value(weights).constant;
  EXPECT_GT(ApplyMask(graph, *MakePlan(graph, {.nodes = 2, .sparsity = 0.5})), 0);
  EXPECT_TRUE(std::ranges::equal(graph.value(weights).constant->bytes(), before.bytes()));
}

TEST(WeightMask, IsWhatApplyMaskLeaves) {
  TwoReaders net;
  const Plan plan = *MakePlan(net.graph, {.nodes = 2, .sparsity = 0.7});
  Graph masked = net.graph;
  ApplyMask(masked, plan);
  for (const Op& op : net.graph.ops) {
    if (op.name != "conv" && op.name != "gemm") continue;
    const Tensor mask = WeightMask(*Bind(net.graph, plan), op);
    const auto after = masked.ConstantInput(op, 1)->Data<float>();
    for (size_t i = 0; i < after.size(); ++i)
      EXPECT_EQ(mask.Data<float>()[i] != 0, after[i] != 0) << op.name;
  }
}

TEST(ForeignMask, MarksWhatIsKeptOfOtherNodes) {
  TwoReaders net;
  const Plan plan = *MakePlan(net.graph, {.nodes = 2, .sparsity = 0.7});
  const ValuePlan& x = *plan.Find("x");
  const Op& conv = *std::ranges::find(net.graph.ops, std::string("conv"), &Op::name);
  const Tensor mask = ForeignMask(*Bind(net.graph, plan), conv);
  const auto marks = mask.Data<float>();
  for (size_t o = 0, i = 0; o < 4; ++o) {
    const NodeId to = plan.Find("conv")->owner[o];
    const auto& kept = x.kept[static_cast<size_t>(to)];
    for (size_t feature = 0; feature < 6; ++feature) {
      const bool foreign =
          std::ranges::count(kept, static_cast<int64_t>(feature)) > 0 && x.owner[feature] != to;
      for (int tap = 0; tap < 9; ++tap, ++i) EXPECT_EQ(marks[i], foreign ? 1 : 0) << i;
    }
  }
  EXPECT_EQ(std::ranges::count(marks, 1.0f), 4 * 9) << "one feature each way, to two outputs";
}

}  // namespace
}  // namespace disco
