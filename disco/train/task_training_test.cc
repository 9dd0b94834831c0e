// SPDX-License-Identifier: Apache-2.0
// That the table of tasks in training is complete.
#include "disco/train/task_training.h"

#include <gtest/gtest.h>

#include <cmath>

#include "disco/train/network_for_test.h"

namespace disco {
namespace {

TEST(TaskTrainingTest, EveryTaskIsListedAtItsValue) {
  const std::span<const TaskTraining> trainings = AllTaskTrainings();
  ASSERT_EQ(trainings.size(), AllTasks().size()) << "a task without a loss";
  for (const TaskDef& task : AllTasks()) {
    const TaskTraining& training = TrainingOf(task.task);
    EXPECT_EQ(training.task, task.task) << task.name;
    EXPECT_FALSE(training.outputs.empty()) << task.name;
    EXPECT_NE(training.fits, nullptr) << task.name;
    EXPECT_NE(training.loss_reads, nullptr) << task.name;
    EXPECT_NE(training.loss, nullptr) << task.name;
    EXPECT_TRUE(ObjectiveOf(task.task).loss) << task.name;
  }
}

TEST(TaskTrainingTest, ClassificationFitsOneOutputOfScores) {
  const TaskTraining& training = TrainingOf(Task::kClassification);
  Graph graph = RandomNetwork({.name = "resnet8", .classes = 5, .image = {3, 16, 16}});
  EXPECT_TRUE(training.fits(graph));
  EXPECT_EQ(training.loss_reads(graph), graph.outputs);
  graph.outputs = {graph.outputs[0], graph.outputs[0]};
  EXPECT_FALSE(training.fits(graph)) << "two outputs";
  graph.outputs = {graph.inputs[0]};
  EXPECT_FALSE(training.fits(graph)) << "an image";
}

// By hand: the scores are log(1), log(3), so the probabilities 1/4 and 3/4.
TEST(TaskTrainingTest, LossOfClassificationIsCrossEntropy) {
  const at::Tensor scores = at::log(at::tensor({1.0f, 3.0f}).view({1, 2}));
  const std::vector<Target> targets = {ClassLabel{1}};
  LossInputs inputs{.values = {scores}, .targets = targets};
  const Loss loss = TrainingOf(Task::kClassification).loss;
  EXPECT_NEAR(loss(inputs).item<double>(), -std::log(0.75), 1e-6);
  inputs.label_smoothing = 0.5;
  EXPECT_NEAR(loss(inputs).item<double>(), -0.75 * std::log(0.75) - 0.25 * std::log(0.25), 1e-6);
}

}  // namespace
}  // namespace disco
