// SPDX-License-Identifier: Apache-2.0
#include "disco/data/classification.h"

#include <fmt/format.h>

#include <array>

#include "disco/data/metrics.h"

namespace disco {
namespace {

std::string Percent(double share) { return fmt::format("{:.2f} %", 100 * share); }

constexpr std::array kMetrics = {Metric{.name = "accuracy", .text = Percent},
                                 Metric{.name = "top5", .text = Percent}};

// Of answers [B, classes].
class AccuracyMeter final : public Meter {
 public:
  void Add(std::span<const Tensor> answers, std::span<const Target> targets) override {
    sum_ += AccuracyOf(answers[0], LabelsOf(targets));
  }
  int64_t images() const override { return sum_.images; }
  int64_t nan_images() const override { return sum_.nan; }
  MetricValues Values() const override { return {sum_.Top1Share(), sum_.Top5Share()}; }

 private:
  Accuracy sum_;
};

}  // namespace

TaskDef ClassificationTask() {
  return {
      .task = Task::kClassification,
      .name = "classification",
      .target = Target(ClassLabel{}).index(),
      .metrics = kMetrics,
      .make_meter = []() -> std::unique_ptr<Meter> { return std::make_unique<AccuracyMeter>(); }};
}

}  // namespace disco
