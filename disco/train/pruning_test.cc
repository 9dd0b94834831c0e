// SPDX-License-Identifier: Apache-2.0
// That each function of Pruning is asked, and what it says is done.
#include "disco/train/pruning.h"

#include <gmock/gmock.h>

#include <cmath>

#include "disco/plan/plan_file.h"
#include "disco/train/run_for_test.h"
#include "disco/train/sparsify.h"

namespace disco {
namespace {

using ::testing::HasSubstr;

TEST(PruningTest, TheDefaultScheduleIsGeometric) {
  EXPECT_NEAR(GeometricSparsity({.round = 0, .rounds = 3, .sparsity = 0.875}), 0.5, 1e-12);
  EXPECT_NEAR(GeometricSparsity({.round = 1, .rounds = 3, .sparsity = 0.875}), 0.75, 1e-12);
  EXPECT_EQ(GeometricSparsity({.round = 2, .rounds = 3, .sparsity = 0.875}), 0.875);
  EXPECT_EQ(GeometricSparsity({.round = 1, .rounds = 2, .sparsity = 1}), 1);
}

using PruningFunctionsTest = TrainedNetworkTest;

TEST_F(PruningFunctionsTest, ScheduleGivesTheSparsityOfEachRound) {
  const Pruning pruning{.schedule = [](const PruningRound& round) {
    return round.sparsity * static_cast<double>(round.round + 1) /
           static_cast<double>(round.rounds);
  }};
  const auto report = SparsifyBy(pruning, recipe_, OptionsFor("linear"));
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_EQ(report->rounds.size(), 2u);
  EXPECT_NEAR(report->rounds[0].sparsity, 0.3, 1e-12);
  EXPECT_NEAR(report->rounds[1].sparsity, 0.6, 1e-12);
}

// The features that stay are the strongest by weights, or, where each weight is scored by its
// distance from the largest of them, the weakest.
TEST_F(PruningFunctionsTest, ScoreChoosesWhatStays) {
  recipe_.sparsify.epochs = 0;
  const Pruning weakest{.score = [](TrainSession& session, Learner&) -> Result<Graph> {
    Graph graph = session.graph;
    for (Value& value : graph.values) {
      if (!value.constant || value.constant->dtype() != DType::kF32) continue;
      for (float& weight : value.constant->MutableData<float>()) weight = 100 - std::abs(weight);
    }
    return graph;
  }};
  const RunOptions by_weights = OptionsFor("weights"), by_score = OptionsFor("score");
  ASSERT_TRUE(Sparsify(recipe_, by_weights));
  const auto report = SparsifyBy(weakest, recipe_, by_score);
  ASSERT_TRUE(report) << report.error().message;
  const Plan strong = *ReadPlan(by_weights.plan), weak = *ReadPlan(by_score.plan);
  int64_t read = 0, common = 0;
  for (const auto& [name, value] : strong.values) {
    for (size_t to = 0; to < value.kept.size(); ++to) {
      const auto& other = weak.Find(name)->kept[to];
      ASSERT_EQ(value.kept[to].size(), other.size()) << name;
      for (const int64_t feature : value.kept[to]) common += std::ranges::count(other, feature);
      read += static_cast<int64_t>(other.size());
    }
  }
  EXPECT_GT(read, 10);
  EXPECT_LT(common, read / 2);
}

TEST_F(PruningFunctionsTest, LossReadsWhatTheTeacherSaysOfEachBatch) {
  recipe_.sparsify.epochs = 1;
  int64_t asked = 0, lost = 0;
  Pruning pruning;
  pruning.teacher = [&](const Batch& batch) -> Result<at::Tensor> {
    ++asked;
    return at::full({static_cast<int64_t>(batch.targets.size()), 10}, 3, at::kFloat);
  };
  pruning.loss = [&](const LossInputs& inputs) {
    ++lost;
    EXPECT_TRUE(at::equal(inputs.teacher, at::full_like(inputs.values[0], 3)));
    return at::mse_loss(inputs.values[0], inputs.teacher);
  };
  const RunOptions options = OptionsFor("taught");
  ASSERT_TRUE(SparsifyBy(pruning, recipe_, options));
  EXPECT_EQ(asked, 5) << "batches of an epoch";
  EXPECT_EQ(lost, 5);
  EXPECT_GT(LogOf(options, "epoch")[0].at("loss"), 4) << "a squared distance from 3, not entropy";
}

TEST_F(PruningFunctionsTest, ErrorsOfATeacherEndTheRun) {
  const Pruning pruning{.teacher = [](const Batch&) -> Result<at::Tensor> {
    return Fail(ErrorKind::kIo, "the teacher is gone");
  }};
  const auto report = SparsifyBy(pruning, recipe_, OptionsFor("gone"));
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().kind, ErrorKind::kIo);
  EXPECT_THAT(report.error().message, HasSubstr("epoch 1, after 0 steps: the teacher is gone"));
}

}  // namespace
}  // namespace disco
