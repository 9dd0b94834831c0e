// SPDX-License-Identifier: Apache-2.0
// Small runs for the room's tests, and what they leave behind.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "disco/train/train.h"

namespace disco {

// 80 pictures in batches of 16: stop is asked 5 times while an epoch trains. Measuring on 40 asks 4
// times, recalibrating twice, as does calibrating for int8.
inline Recipe SmallRecipe() {
  Recipe recipe;
  recipe.network = {.network = "resnet8", .width = "1/4", .image = "3x16x16"};
  recipe.data.data = "synthetic:train=80,val=40,size=16";
  recipe.data.flip = true;
  recipe.data.pad_crop = 2;
  recipe.train.epochs = 4;
  recipe.train.batch = 16;
  recipe.train.lr = 0.05;
  recipe.train.threads = 1;
  recipe.train.ema = 0.95;
  recipe.sparsify.epochs = 4;
  recipe.sparsify.rounds = 2;
  recipe.sparsify.recalibration_images = 32;
  recipe.sparsify.calibrate_images = 32;
  recipe.sparsify.sparsity = 0.6;
  return recipe;
}

// A folder of its own for each test, empty when the test begins.
inline Path Folder() {
  static std::string made_for;
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  std::string name = std::string(test->test_suite_name()) + "." + test->name();
  std::replace(name.begin(), name.end(), '/', '_');
  const Path folder = Path(testing::TempDir()) / name;
  if (made_for == name) return folder;
  made_for = name;
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

inline RunOptions OptionsFor(const std::string& name) {
  return {.out = Folder() / (name + ".onnx"), .plan = Folder() / (name + ".plan.json"), .stop = [] {
            return false;
          }};
}

// What is asked whether to stop, and says so at the question of this number, from 1.
inline std::function<bool()> StopAt(int question) {
  return [question, asked = 0]() mutable { return ++asked == question; };
}

inline Path CheckpointOf(const RunOptions& options) { return options.out.string() + ".checkpoint"; }

inline std::vector<nlohmann::json> LogOf(const RunOptions& options, const std::string& event) {
  std::ifstream stream(options.out.string() + ".log.jsonl");
  std::vector<nlohmann::json> lines;
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(nlohmann::json::parse(line));
    if (lines.back().at("event") != event) lines.pop_back();
  }
  return lines;
}

// A test that begins with a trained network.
class TrainedNetworkTest : public testing::Test {
 protected:
  void SetUp() override {
    recipe_ = SmallRecipe();
    recipe_.train.epochs = 1;
    const RunOptions options = OptionsFor("dense");
    const auto trained = Train(recipe_, options);
    ASSERT_TRUE(trained) << trained.error().message;
    recipe_.network.network = options.out.string();
  }
  Recipe recipe_;
};

}  // namespace disco
