// SPDX-License-Identifier: Apache-2.0
#include "disco/data/metrics.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

namespace disco {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

Accuracy Of(std::initializer_list<float> row, int64_t label) {
  const auto classes = static_cast<int64_t>(row.size());
  return AccuracyOf(Tensor::From<float>({1, classes}, row), std::vector<int64_t>{label});
}

TEST(Accuracy, CountsFirstAndFirstFive) {
  const Tensor logits = Tensor::From<float>({3, 6}, {6, 5, 4, 3, 2, 1,  //
                                                     6, 5, 4, 3, 2, 1,  //
                                                     6, 5, 4, 3, 2, 1});
  const std::vector<int64_t> labels = {0, 4, 5};
  EXPECT_EQ(AccuracyOf(logits, labels), (Accuracy{3, 1, 2}));
}

TEST(Accuracy, AddsUp) {
  Accuracy sum{2, 1, 2, 1};
  sum += Accuracy{2, 0, 1, 1};
  EXPECT_EQ(sum, (Accuracy{4, 1, 3, 2}));
  EXPECT_DOUBLE_EQ(sum.Top1Share(), 0.25);
  EXPECT_DOUBLE_EQ(sum.Top5Share(), 0.75);
  EXPECT_DOUBLE_EQ(Accuracy{}.Top1Share(), 0);
}

TEST(Accuracy, EqualScoresGoToTheLowerClass) {
  EXPECT_EQ(Of({1, 1, 1}, 0).top1, 1);
  EXPECT_EQ(Of({1, 1, 1}, 1).top1, 0);
}

TEST(Accuracy, NanAndForeignLabelsAreNeverRight) {
  EXPECT_EQ(Of({kNan, 1}, 0), (Accuracy{1, 0, 0, 1}));
  EXPECT_EQ(Of({kNan, kNan}, 1), (Accuracy{1, 0, 0, 1}));
  EXPECT_EQ(Of({0, 1}, 2), (Accuracy{1, 0, 0}));
  EXPECT_EQ(Of({0, 1}, -1), (Accuracy{1, 0, 0}));
}

TEST(TopK, BestFirstNansLast) {
  const std::vector<float> scores = {0.1F, kNan, 0.5F, 0.5F, 0.2F};
  EXPECT_THAT(TopK(scores, 3), ElementsAre(Pair(2, 0.5F), Pair(3, 0.5F), Pair(4, 0.2F)));
  EXPECT_EQ(TopK(scores, 99).size(), 5u);
  EXPECT_EQ(TopK(scores, 99).back().first, 1);
  EXPECT_TRUE(TopK(scores, 0).empty());
  EXPECT_TRUE(TopK({}, 3).empty());
}

TEST(Softmax, IsExpOverSumOfExp) {
  const auto result = Softmax(std::vector<float>{0, std::log(3.0F)});
  EXPECT_NEAR(result[0], 0.25, 1e-6);
  EXPECT_NEAR(result[1], 0.75, 1e-6);
}

TEST(Softmax, DoesNotOverflow) {
  EXPECT_THAT(Softmax(std::vector<float>{1e30F, 1e30F, -1e30F}), ElementsAre(0.5F, 0.5F, 0));
  EXPECT_TRUE(Softmax({}).empty());
}

}  // namespace
}  // namespace disco
