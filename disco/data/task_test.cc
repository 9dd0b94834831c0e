// SPDX-License-Identifier: Apache-2.0
// That the table of tasks is complete.
#include "disco/data/task.h"

#include <gmock/gmock.h>

#include <cmath>
#include <set>

namespace disco {
namespace {

TEST(Tasks, StandAtTheValueOfTheirTask) {
  const std::span<const TaskDef> tasks = AllTasks();
  for (size_t i = 0; i < tasks.size(); ++i)
    EXPECT_EQ(static_cast<size_t>(tasks[i].task), i) << tasks[i].name;
  EXPECT_EQ(tasks.size(), static_cast<size_t>(Task::kClassification) + 1) << "the last task";
}

TEST(Tasks, ShareOutTheAlternativesOfTargets) {
  std::set<size_t> targets;
  for (const TaskDef& task : AllTasks()) {
    EXPECT_TRUE(targets.insert(task.target).second) << task.name << " takes another one's";
    EXPECT_LT(task.target, std::variant_size_v<Target>) << task.name;
  }
  EXPECT_EQ(targets.size(), std::variant_size_v<Target>) << "a target that no task has";
}

TEST(Tasks, AreFoundByTheirName) {
  for (const TaskDef& task : AllTasks()) EXPECT_EQ(FindTask(task.name), &task);
  EXPECT_EQ(FindTask("classification"), &DefOf(Task::kClassification));
  EXPECT_EQ(FindTask("class"), nullptr);
}

TEST(Tasks, HaveMetricsWithNamesAndText) {
  for (const TaskDef& task : AllTasks()) {
    ASSERT_FALSE(task.metrics.empty()) << task.name;
    std::set<std::string_view> names;
    for (const Metric& metric : task.metrics) {
      EXPECT_TRUE(names.insert(metric.name).second) << task.name << " " << metric.name;
      ASSERT_NE(metric.text, nullptr) << task.name << " " << metric.name;
    }
  }
}

TEST(Tasks, MeasureEachOfTheirMetricsAndNothingIsNoNan) {
  for (const TaskDef& task : AllTasks()) {
    const auto meter = task.make_meter();
    EXPECT_EQ(meter->images(), 0);
    EXPECT_EQ(meter->nan_images(), 0);
    EXPECT_EQ(meter->Values().size(), task.metrics.size()) << task.name;
    for (const double value : meter->Values()) EXPECT_TRUE(std::isfinite(value)) << task.name;
  }
}

TEST(Classification, AddsUpOverBatches) {
  const TaskDef& task = DefOf(Task::kClassification);
  const auto meter = task.make_meter();
  const std::vector<Tensor> two = {Tensor::From<float>({2, 3}, {1, 0, 0, 0, 0, 1})};
  const std::vector<Tensor> one = {Tensor::From<float>({1, 3}, {0, NAN, 0})};
  meter->Add(two, std::vector<Target>{ClassLabel{0}, ClassLabel{1}});
  meter->Add(two, std::vector<Target>{ClassLabel{1}, ClassLabel{2}});
  meter->Add(one, std::vector<Target>{ClassLabel{1}});
  EXPECT_EQ(meter->images(), 5);
  EXPECT_EQ(meter->nan_images(), 1);
  EXPECT_THAT(meter->Values(), testing::ElementsAre(0.4, 0.8));
  EXPECT_TRUE(task.metric().higher_is_better);
  EXPECT_EQ(KeyOf(task, 0), "value");
  EXPECT_EQ(KeyOf(task, 1), "top5");
  EXPECT_EQ(ToString(task, meter->Values()), "accuracy 40.00 %  top5 80.00 %");
}

}  // namespace
}  // namespace disco
