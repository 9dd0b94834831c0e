// SPDX-License-Identifier: Apache-2.0
// Calibration: the scale at which each feature travels as int8, from values seen on example inputs.
//
// Of each feature the least and the greatest element are kept, and a sample of the others, drawn
// with equal chance. The scale covers the range, or the part of it, cut at both ends, that gives
// the sample back with the least squared error: a rare outlier costs less than coarse steps. Thread
// rule: one thread.
#pragma once

#include <string>
#include <vector>

#include "disco/base/random.h"
#include "disco/plan/plan.h"

namespace disco {

// One feature.
class FeatureSample {
 public:
  // `element` is finite.
  void Add(float element, Random& random);
  // Of what was added; covers 0 alone when nothing was.
  FeatureScale BestScale() const;

 private:
  static constexpr size_t kSamples = 256;
  float least_ = 0, greatest_ = 0;
  int64_t seen_ = 0;
  std::vector<float> samples_;
};

class Calibration {
 public:
  // For the values of `plan` that nodes may send.
  explicit Calibration(const Plan& plan);

  // Names of the values to be seen.
  const std::vector<std::string>& names() const { return names_; }
  // `graph`, which the plan fits, with those values as its outputs.
  Graph Watched(Graph graph) const;
  // `value` is what names()[i] is for one more input; features on the plan's axis.
  // Errors: kInvalid, naming the value, for an element that is NaN or beyond 1e29.
  Status Add(size_t i, const Tensor& value);

  // `plan` with those values travelling as int8.
  Plan Apply(Plan plan) const;

 private:
  std::vector<std::string> names_;
  std::vector<int> axes_;
  std::vector<std::vector<FeatureSample>> features_;
  Random random_{0};
};

// `plan` with every value travelling as `type`, which needs no scales.
Plan WithWire(Plan plan, WireType type);

}  // namespace disco
