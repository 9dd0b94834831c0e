// SPDX-License-Identifier: Apache-2.0
#include "disco/train/logits.h"

#include <gtest/gtest.h>

#include "disco/op/infer_shapes.h"
#include "disco/train/network_for_test.h"

namespace disco {
namespace {

constexpr const char* kScores = "logits";  // the zoo's name of its output

struct Ending {
  OpType type;
  OpParams params = {};
};

// The name of what a network is trained on that goes on with these ops behind its scores.
std::string TrainedOn(const std::vector<Ending>& endings) {
  Graph graph = *MakeZooNetwork({.name = "resnet8", .classes = 5, .image = {3, 16, 16}});
  for (const auto& [type, params] : endings) {
    const std::string name = fmt::format("end{}", graph.ops.size());
    graph.outputs = {graph.AddOp(type, name, {graph.outputs[0]}, params)};
  }
  EXPECT_TRUE(InferShapes(graph));
  const ValueId logits = LogitsOf(graph);
  EXPECT_EQ(EndsInSoftmax(graph), logits != graph.outputs[0]);
  return logits == graph.outputs[0] ? "output" : graph.value(logits).name;
}

TEST(LogitsTest, AreWhatTheLastSoftmaxReads) {
  const Ending softmax{OpType::kSoftmax, SoftmaxParams{}};
  const Ending identity{OpType::kIdentity}, dropout{OpType::kDropout, DropoutParams{}};
  EXPECT_EQ(TrainedOn({softmax}), kScores);
  EXPECT_EQ(TrainedOn({{OpType::kSoftmax, SoftmaxParams{.axis = 1}}}), kScores);
  EXPECT_EQ(TrainedOn({{OpType::kSoftmax, SoftmaxParams{1, true}}}), kScores);
  EXPECT_EQ(TrainedOn({softmax, identity, dropout}), kScores);
}

TEST(LogitsTest, AreTheOutputElsewhere) {
  EXPECT_EQ(TrainedOn({}), "output");
  EXPECT_EQ(TrainedOn({{OpType::kIdentity}}), "output");
  EXPECT_EQ(TrainedOn({{OpType::kSoftmax, SoftmaxParams{.axis = 0}}}), "output");
  EXPECT_EQ(TrainedOn({{OpType::kSoftmax, SoftmaxParams{}}, {OpType::kRelu}}), "output");
}

}  // namespace
}  // namespace disco
