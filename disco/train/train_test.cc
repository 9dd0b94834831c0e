// SPDX-License-Identifier: Apache-2.0
#include "disco/train/train.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "disco/graph/infer_shapes.h"
#include "disco/graph/onnx.h"
#include "disco/plan/make_plan.h"
#include "disco/plan/mask.h"
#include "disco/plan/plan_file.h"

namespace disco {
namespace {

constexpr int64_t kBatches = 5;  // per epoch

Recipe SmallRecipe() {
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
  recipe.sparsify.sparsity = 0.6;
  return recipe;
}

// A folder of its own for each test.
Path Folder() {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  std::string name = std::string(test->test_suite_name()) + "." + test->name();
  std::replace(name.begin(), name.end(), '/', '_');
  const Path folder = Path(testing::TempDir()) / name;
  std::filesystem::create_directories(folder);
  return folder;
}

RunOptions OptionsFor(const std::string& name) {
  return {.out = Folder() / (name + ".onnx"), .plan = Folder() / (name + ".plan.json"), .stop = [] {
            return false;
          }};
}

std::vector<nlohmann::json> LogOf(const RunOptions& options, const std::string& event) {
  std::ifstream stream(options.out.string() + ".log.jsonl");
  std::vector<nlohmann::json> lines;
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(nlohmann::json::parse(line));
    if (lines.back().at("event") != event) lines.pop_back();
  }
  return lines;
}

using Command = Result<RunReport> (*)(const Recipe&, const RunOptions&);

// Runs with an interruption at every `every`-th question, until done. Returns how often it stopped.
int RunInterrupted(Command command, const Recipe& recipe, RunOptions options, int every) {
  for (int stops = 0; stops < 100; ++stops) {
    int questions = 0;
    options.stop = [&] { return ++questions == every; };
    const auto report = command(recipe, options);
    if (report) return stops;
    EXPECT_EQ(report.error().kind, ErrorKind::kInterrupted) << report.error().message;
    if (report.error().kind != ErrorKind::kInterrupted) return -1;
    options.resume = std::filesystem::exists(options.out.string() + ".checkpoint");
  }
  ADD_FAILURE() << "never done";
  return -1;
}

void ExpectSameFile(const Path& a, const Path& b) { EXPECT_TRUE(*ReadFile(a) == *ReadFile(b)); }

class ResumeTest : public testing::TestWithParam<std::string> {};

TEST_P(ResumeTest, TrainGoesOnToTheSameResult) {
  Recipe recipe = SmallRecipe();
  recipe.train.optimizer = GetParam();
  if (GetParam() == "adamw") recipe.train.lr = 0.002;
  const RunOptions whole = OptionsFor("whole");
  ASSERT_TRUE(Train(recipe, whole));
  // An epoch asks 5 times, measuring after it 4 times: stops fall into both and between them.
  for (const int every : {6, 9, 13}) {
    const RunOptions parts = OptionsFor("parts");
    EXPECT_GT(RunInterrupted(Train, recipe, parts, every), 0);
    ExpectSameFile(whole.out, parts.out);
    EXPECT_FALSE(std::filesystem::exists(parts.out.string() + ".checkpoint"));
  }
}

INSTANTIATE_TEST_SUITE_P(Optimizers, ResumeTest, testing::Values("sgd", "adamw"));

class SparsifyTest : public testing::Test {
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

TEST_F(SparsifyTest, GoesOnToTheSameResult) {
  const RunOptions whole = OptionsFor("whole");
  ASSERT_TRUE(Sparsify(recipe_, whole));
  // A round begins with 10 or 14 questions, and cannot be stopped in between.
  for (const int every : {15, 17, 26}) {
    const RunOptions parts = OptionsFor("parts");
    EXPECT_GT(RunInterrupted(Sparsify, recipe_, parts, every), 0);
    ExpectSameFile(whole.out, parts.out);
    ExpectSameFile(whole.plan, parts.plan);
  }
}

TEST_F(SparsifyTest, EveryMethodGivesAPlanThatHolds) {
  std::vector<double> rates;
  for (const std::string method : {"disco", "random", "branches", "dense-then-split=layer2",
                                   "split-then-aggregate=layer1", "dense"}) {
    recipe_.sparsify.method = method;
    const RunOptions options = OptionsFor(method.substr(0, method.find('=')));
    const auto report = Sparsify(recipe_, options);
    ASSERT_TRUE(report) << method << ": " << report.error().message;
    EXPECT_EQ(report->epochs, 4);
    EXPECT_EQ(report->rounds.size(), method == "disco" ? 2u : 1u) << method;
    EXPECT_EQ(report->rounds.back().after_fine_tuning, report->accuracy);

    Graph graph = *ReadOnnx(options.out);
    ASSERT_TRUE(InferShapes(graph));
    const Plan plan = *ReadPlan(options.plan);
    EXPECT_TRUE(CheckFit(plan, graph)) << method;
    EXPECT_EQ(ApplyMask(graph, plan), 0) << method;
    EXPECT_EQ(plan.method, method);

    std::vector<double> these;
    for (const auto& line : LogOf(options, "epoch")) these.push_back(line.at("learning_rate"));
    if (rates.empty()) rates = these;
    EXPECT_EQ(these, rates) << method << ": every method gets the same learning rates";
  }
}

TEST_F(SparsifyTest, RoundsPruneGeometrically) {
  const RunOptions options = OptionsFor("sparse");
  const auto report = Sparsify(recipe_, options);
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_EQ(report->rounds.size(), 2u);
  EXPECT_NEAR(report->rounds[0].sparsity, 1 - std::sqrt(0.4), 1e-12);
  EXPECT_EQ(report->rounds[1].sparsity, 0.6);
  EXPECT_EQ(report->accuracy_before, LogOf(OptionsFor("dense"), "done")[0].at("accuracy"));
}

TEST_F(SparsifyTest, OneShotNeedsNoEpochs) {
  recipe_.sparsify.epochs = 0;
  const auto report = Sparsify(recipe_, OptionsFor("shot"));
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_EQ(report->rounds.size(), 1u);
  EXPECT_EQ(report->accuracy, report->rounds[0].after_recalibration);
}

TEST_F(SparsifyTest, CarriesPreprocessingAndClasses) {
  const RunOptions options = OptionsFor("carried");
  recipe_.sparsify.epochs = 1;
  ASSERT_TRUE(Sparsify(recipe_, options));
  const Graph graph = *ReadOnnx(options.out);
  EXPECT_EQ(graph.metadata.at("disco.preprocessing"),
            "3x16x16 resize=16 mean=0.5,0.5,0.5 std=0.25,0.25,0.25");
  EXPECT_EQ(std::count(graph.metadata.at("disco.classes").begin(),
                       graph.metadata.at("disco.classes").end(), '\n'),
            9);
}

TEST_F(SparsifyTest, UnknownStageIsRefusedBeforeTraining) {
  recipe_.sparsify.method = "dense-then-split=nowhere";
  const auto report = Sparsify(recipe_, OptionsFor("stage"));
  ASSERT_FALSE(report);
  EXPECT_NE(report.error().message.find("nowhere"), std::string::npos);
}

TEST(TrainTest, LossFalls) {
  Recipe recipe = SmallRecipe();
  recipe.train.epochs = 6;
  recipe.data.flip = false;
  recipe.data.pad_crop = 0;
  const RunOptions options = OptionsFor("net");
  ASSERT_TRUE(Train(recipe, options));
  const auto epochs = LogOf(options, "epoch");
  ASSERT_EQ(epochs.size(), 6u);
  EXPECT_LT(epochs.back().at("loss"), epochs.front().at("loss"));
  EXPECT_EQ(LogOf(options, "start")[0].at("recipe").at("train").at("epochs"), 6);
}

TEST(TrainTest, NothingLearntChangesNoWeight) {
  Recipe recipe = SmallRecipe();
  recipe.train.lr = 0;
  recipe.train.epochs = 1;
  recipe.train.ema = 0;
  const RunOptions first = OptionsFor("first");
  ASSERT_TRUE(Train(recipe, first));
  recipe.network.network = first.out.string();
  const RunOptions second = OptionsFor("second");
  ASSERT_TRUE(Train(recipe, second));
  const Graph a = *ReadOnnx(first.out), b = *ReadOnnx(second.out);
  for (size_t op = 0; op < a.ops.size(); ++op) {
    if (a.ops[op].type != OpType::kConv) continue;
    const auto before = a.ConstantInput(a.ops[op], 1)->bytes();
    const auto after = b.ConstantInput(b.ops[op], 1)->bytes();
    EXPECT_TRUE(std::equal(before.begin(), before.end(), after.begin())) << a.ops[op].name;
  }
}

TEST(TrainTest, AnotherRecipesCheckpointIsRefused) {
  Recipe recipe = SmallRecipe();
  RunOptions options = OptionsFor("net");
  int questions = 0;
  options.stop = [&] { return ++questions == kBatches; };
  ASSERT_FALSE(Train(recipe, options));
  options.resume = true;
  options.stop = [] { return false; };
  recipe.train.lr = 0.04;
  const auto refused = Train(recipe, options);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("another recipe"), std::string::npos);
}

TEST(TrainTest, ResumeWithoutCheckpointIsUsage) {
  RunOptions options = OptionsFor("none");
  options.resume = true;
  const auto refused = Train(SmallRecipe(), options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kUsage);
}

struct Wrong {
  void (*change)(Recipe&);
  std::string named;
};

TEST(TrainTest, WrongRecipesAreRefusedByName) {
  const std::vector<Wrong> cases = {
      {[](Recipe& recipe) { recipe.network.network = "resnet7"; }, "resnet7"},
      {[](Recipe& recipe) { recipe.network.network = "nowhere.onnx"; }, "nowhere.onnx"},
      {[](Recipe& recipe) { recipe.network.image = "3x16"; }, "3x16"},
      {[](Recipe& recipe) { recipe.network.classes = 3; }, "classes"},
      {[](Recipe& recipe) { recipe.data.data = "/nowhere"; }, "/nowhere"},
      {[](Recipe& recipe) { recipe.data.preprocessing = "3x32x32"; }, "3x32x32"},
      {[](Recipe& recipe) { recipe.train.batch = 1000; }, "--batch"},
      {[](Recipe& recipe) { recipe.train.optimizer = "adagrad"; }, "adagrad"},
      {[](Recipe& recipe) { recipe.train.schedule = "steps"; }, "steps"},
  };
  for (const auto& [change, named] : cases) {
    Recipe recipe = SmallRecipe();
    change(recipe);
    const auto report = Train(recipe, OptionsFor("wrong"));
    ASSERT_FALSE(report) << named;
    EXPECT_NE(report.error().message.find(named), std::string::npos) << report.error().message;
  }
}

}  // namespace
}  // namespace disco
