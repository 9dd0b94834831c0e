// SPDX-License-Identifier: Apache-2.0
#include "disco/plan/calibrate.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace disco {
namespace {

constexpr float kLevels = 255;

FeatureScale Covering(float least, float greatest) {
  // Of a feature that never changes: no finer than float32 is there.
  const float finest = std::max(1e-20f, 1e-7f * std::max(std::abs(least), std::abs(greatest)));
  return {least, std::max((greatest - least) / kLevels, finest)};
}

double SquaredError(const FeatureScale& scale, const std::vector<float>& samples) {
  const Int8Code code(scale);
  double error = 0;
  for (const float sample : samples) {
    const double difference = code.Decode(code.Encode(sample)) - sample;
    error += difference * difference;
  }
  return error;
}

}  // namespace

void FeatureSample::Add(float element, Random& random) {
  least_ = seen_ == 0 ? element : std::min(least_, element);
  greatest_ = seen_ == 0 ? element : std::max(greatest_, element);
  ++seen_;
  if (samples_.size() < kSamples) return samples_.push_back(element);
  const auto place = static_cast<size_t>(random.Below(seen_));
  if (place < kSamples) samples_[place] = element;
}

FeatureScale FeatureSample::BestScale() const {
  constexpr std::array<double, 4> kCuts = {0.004, 0.01, 0.02, 0.05};  // at each end
  FeatureScale best = Covering(least_, greatest_);
  if (seen_ == 0) return best;
  std::vector<float> sorted = samples_;
  std::ranges::sort(sorted);
  double least_error = SquaredError(best, sorted);
  for (const double cut : kCuts) {
    const auto skipped = static_cast<size_t>(cut * static_cast<double>(sorted.size()));
    const FeatureScale scale = Covering(sorted[skipped], sorted[sorted.size() - 1 - skipped]);
    const double error = SquaredError(scale, sorted);
    if (error >= least_error) continue;
    least_error = error;
    best = scale;
  }
  return best;
}

Calibration::Calibration(const Plan& plan) {
  for (const auto& [name, value] : plan.values) {
    if (!value.read_foreign) continue;
    names_.push_back(name);
    axes_.push_back(value.axis);
    features_.emplace_back(value.owner.size());
  }
}

Graph Calibration::Watched(Graph graph) const {
  std::map<std::string_view, ValueId> ids;
  for (size_t id = 0; id < graph.values.size(); ++id)
    ids[graph.values[id].name] = static_cast<ValueId>(id);
  graph.outputs.clear();
  for (const std::string& name : names_) graph.outputs.push_back(ids.at(name));
  return graph;
}

Status Calibration::Add(size_t i, const Tensor& value) {
  constexpr float kMost = 1e29f;  // of what a scale can be made for
  const Shape& shape = value.shape();
  const int64_t outer = shape.elements(0, axes_[i]);
  const int64_t inner = shape.elements(axes_[i] + 1, shape.rank());
  const auto elements = value.Data<float>();
  for (const float element : elements) {
    if (std::abs(element) <= kMost) continue;
    return Fail(ErrorKind::kInvalid,
                "value '{}' holds {}, which int8 has no scale for; was the network trained to the "
                "end, and are the pictures preprocessed as it was?",
                names_[i], element);
  }
  size_t at = 0;
  for (int64_t block = 0; block < outer; ++block) {
    for (FeatureSample& feature : features_[i]) {
      for (int64_t k = 0; k < inner; ++k) feature.Add(elements[at++], random_);
    }
  }
  return {};
}

Plan Calibration::Apply(Plan plan) const {
  for (size_t i = 0; i < names_.size(); ++i) {
    Wire wire{.type = WireType::kInt8};
    for (const FeatureSample& feature : features_[i]) wire.scales.push_back(feature.BestScale());
    plan.values[names_[i]].wire = std::move(wire);
  }
  return plan;
}

Plan WithWire(Plan plan, WireType type) {
  for (auto& [name, value] : plan.values) {
    if (value.read_foreign) value.wire = {.type = type};
  }
  return plan;
}

}  // namespace disco
