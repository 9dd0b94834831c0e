// SPDX-License-Identifier: Apache-2.0
#include "disco/plan/calibrate.h"

#include <gtest/gtest.h>

#include <cmath>

#include "disco/plan/make_plan.h"
#include "disco/plan/sketch_for_test.h"

namespace disco {
namespace {

FeatureScale ScaleOf(const std::vector<float>& elements) {
  FeatureSample sample;
  Random random(0);
  for (const float element : elements) sample.Add(element, random);
  return sample.BestScale();
}

TEST(CalibrateTest, EvenValuesAreCoveredWhole) {
  std::vector<float> even;
  for (int i = 0; i <= 200; ++i) even.push_back(static_cast<float>(i) / 100);
  const FeatureScale scale = ScaleOf(even);
  EXPECT_EQ(scale.low, 0);
  EXPECT_NEAR(scale.step, 2.0 / 255, 1e-4);
}

TEST(CalibrateTest, ARareOutlierIsClipped) {
  std::vector<float> mostly(1000, 0.0f);
  for (size_t i = 0; i < mostly.size(); ++i) mostly[i] = static_cast<float>(i % 100) / 100;
  mostly[500] = 1e4f;
  const FeatureScale scale = ScaleOf(mostly);
  EXPECT_LT(scale.step * 255, 2.0f);
}

TEST(CalibrateTest, AFeatureThatNeverChangesComesBack) {
  for (const float value : {0.0f, 3.25f, -7.0f, 1e28f}) {
    const Int8Code code(ScaleOf({value, value, value}));
    EXPECT_NEAR(code.Decode(code.Encode(value)) - value, 0, 1e-5f * (1 + std::abs(value)));
    EXPECT_TRUE(CheckScale(ScaleOf({value})));
  }
  EXPECT_TRUE(CheckScale(ScaleOf({}))) << "nothing seen";
}

TEST(CalibrateTest, WhatNoScaleCanBeMadeForIsAnError) {
  Sketch sketch;
  const ValueId a = sketch.Conv("a", sketch.Input({1, 3, 1, 1}), 4);
  const Graph graph = sketch.Finish({sketch.Conv("b", a, 4)});
  Calibration calibration(*MakePlan(graph, {.nodes = 2}));
  EXPECT_TRUE(calibration.Add(0, Tensor::From<float>({1, 4, 1, 1}, {0, 1, -1e28f, 1e28f})));
  for (const float bad : {std::nanf(""), HUGE_VALF, -HUGE_VALF, 1e30f}) {
    const auto refused = calibration.Add(0, Tensor::From<float>({1, 4, 1, 1}, {0, 1, bad, 2}));
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().kind, ErrorKind::kInvalid);
    EXPECT_NE(refused.error().message.find("value 'a' holds"), std::string::npos);
  }
}

TEST(CalibrateTest, ScalesBelongToTheirFeatures) {
  Sketch sketch;
  const ValueId a = sketch.Conv("a", sketch.Input({1, 3, 2, 2}), 4);
  const Graph graph = sketch.Finish({sketch.Conv("b", a, 4)});
  const Plan plan = *MakePlan(graph, {.nodes = 2});
  Calibration calibration(plan);
  ASSERT_EQ(calibration.names(), std::vector<std::string>{"a"});
  const Graph watched = calibration.Watched(graph);
  ASSERT_EQ(watched.outputs.size(), 1u);
  EXPECT_EQ(watched.value(watched.outputs[0]).name, "a");
  Tensor value(DType::kF32, {2, 4, 2, 2});
  const auto elements = value.MutableData<float>();
  for (size_t i = 0; i < elements.size(); ++i)  // feature c spans 0 to c + 1
    elements[i] = static_cast<float>(i % 2) * static_cast<float>(i / 4 % 4 + 1);
  EXPECT_TRUE(calibration.Add(0, value));
  const Plan scaled = calibration.Apply(plan);
  EXPECT_TRUE(Bind(graph, scaled));
  EXPECT_NE(Hash(scaled), Hash(plan));
  for (size_t feature = 0; feature < 4; ++feature)
    EXPECT_NEAR(scaled.Find("a")->wire.scales[feature].step, (feature + 1) / 255.0, 1e-6);
  EXPECT_EQ(Hash(WithWire(scaled, WireType::kF32)), Hash(plan));
}

}  // namespace
}  // namespace disco
