// SPDX-License-Identifier: Apache-2.0
// Metric: how good the answers of a network are, as one number. Meter: what collects the metrics of
// a task over batches. Thread rule: a Meter in one thread. Errors: none; shapes are asserted.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "disco/data/target.h"
#include "disco/tensor/tensor.h"

namespace disco {

struct Metric {
  std::string_view name;  // "accuracy"
  bool higher_is_better = true;
  // A value for people, with its unit: "93.1 %".
  std::string (*text)(double value) = nullptr;
};

// "accuracy 93.1 %"
std::string ToString(const Metric& metric, double value);

// Of the metrics of a task, in their order.
using MetricValues = std::vector<double>;

class Meter {
 public:
  virtual ~Meter() = default;

  // `answers` are the outputs of a network for a batch of targets.size() images.
  virtual void Add(std::span<const Tensor> answers, std::span<const Target> targets) = 0;

  virtual int64_t images() const = 0;
  // Images with a NaN in their answer.
  virtual int64_t nan_images() const = 0;
  virtual MetricValues Values() const = 0;
};

}  // namespace disco
