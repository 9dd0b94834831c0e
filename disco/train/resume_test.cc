// SPDX-License-Identifier: Apache-2.0
// That a run which was interrupted goes on to the same result, and says how.
#include <gmock/gmock.h>

#include <thread>

#include "disco/data/image.h"
#include "disco/train/run_for_test.h"

namespace disco {
namespace {

using ::testing::HasSubstr;

constexpr int kEpochQuestions = 5, kMeasureQuestions = 4;
constexpr int kCalibrateQuestions = 2;
constexpr int kFirstRoundQuestions = 14, kLaterRoundQuestions = 10;

using Command = Result<RunReport> (*)(const Recipe&, const RunOptions&);

// The report of a run with an interruption at every `every`-th question.
Result<RunReport> RunInterrupted(Command command, const Recipe& recipe, RunOptions options,
                                 int every) {
  for (int stops = 0; stops < 100; ++stops) {
    options.stop = StopAt(every);
    auto report = command(recipe, options);
    EXPECT_TRUE(!report || stops > 0) << "nothing was interrupted";
    if (report || report.error().kind != ErrorKind::kInterrupted) return report;
    options.resume = std::filesystem::exists(CheckpointOf(options));
  }
  return Fail(ErrorKind::kInterrupted, "never done");
}

void ExpectSameFile(const Path& a, const Path& b) { EXPECT_TRUE(*ReadFile(a) == *ReadFile(b)); }

// All that does not depend on the machine's speed and the files' names.
nlohmann::json FiguresOf(const RunReport& report) {
  nlohmann::json figures = nlohmann::json::parse(ReportToJson(report));
  for (const char* key : {"seconds", "images_per_second", "files"}) {
    EXPECT_EQ(figures.erase(key), 1u) << key;
  }
  return figures;
}

void ExpectSameResult(Command command, const Recipe& recipe, const std::vector<int>& stops) {
  const RunOptions whole = OptionsFor("whole"), parts = OptionsFor("parts");
  const auto expected = command(recipe, whole);
  ASSERT_TRUE(expected) << expected.error().message;
  for (const int every : stops) {
    const auto found = RunInterrupted(command, recipe, parts, every);
    ASSERT_TRUE(found) << every << ": " << found.error().message;
    EXPECT_EQ(FiguresOf(*found), FiguresOf(*expected)) << every;
    ExpectSameFile(whole.out, parts.out);
    if (command == Sparsify) ExpectSameFile(whole.plan, parts.plan);
    EXPECT_FALSE(std::filesystem::exists(CheckpointOf(parts)));
  }
}

class OptimizerResumeTest : public testing::TestWithParam<std::string> {};

TEST_P(OptimizerResumeTest, TrainGoesOnToTheSameResult) {
  Recipe recipe = SmallRecipe();
  recipe.train.optimizer = GetParam();
  if (GetParam() == "adamw") recipe.train.lr = 0.002;
  // Stops fall into training and measuring, and between them.
  ExpectSameResult(Train, recipe, {6, 9, 13});
}

INSTANTIATE_TEST_SUITE_P(Optimizers, OptimizerResumeTest, testing::Values("sgd", "adamw"));

// A folder of pictures in two classes; every third one to train on is broken.
void WritePictures(const Path& data) {
  for (const std::string name : {"train", "val"}) {
    for (int index = 0; index < (name == "train" ? 12 : 2); ++index) {
      const Path folder = data / name / (index % 2 == 0 ? "even" : "odd");
      const Path file = folder / fmt::format("{}.png", index);
      ASSERT_TRUE(MakeFolder(folder));
      Image image{16, 16, {}};
      for (int level = 0; level < 3 * 16 * 16; ++level) {
        image.rgb.push_back(static_cast<uint8_t>((level + 37 * index) % 256));
      }
      const bool broken = name == "train" && index % 3 == 0;
      ASSERT_TRUE(broken ? WriteFile(file, "torn") : WritePng(file, image));
    }
  }
}

// A recipe that trains on WritePictures.
Recipe RecipeOf(const Path& data) {
  WritePictures(data);
  Recipe recipe = SmallRecipe();
  recipe.data.data = data.string();
  recipe.data.skip_share = 0.5;
  return recipe;
}

// With one picture per batch, a broken picture is a whole batch that is left out.
TEST(ResumeTest, CountsBatchesThatAreLeftOut) {
  const Path data = Folder() / "data";
  Recipe recipe = RecipeOf(data);
  recipe.train.batch = 1;
  recipe.train.lr = 0.005;
  recipe.train.epochs = 3;
  ExpectSameResult(Train, recipe, {4, 5, 7});
}

TEST(ResumeTest, SecondsBeforeTheInterruptionCount) {
  const std::chrono::duration<double> pause(0.3);
  Recipe recipe = SmallRecipe();
  recipe.train.epochs = 1;
  RunOptions options = OptionsFor("net");
  options.stop = [pause, stop = StopAt(kEpochQuestions)]() mutable {
    const bool stopped = stop();
    if (stopped) std::this_thread::sleep_for(pause);
    return stopped;
  };
  ASSERT_FALSE(Train(recipe, options));
  options.resume = true;
  options.stop = [] { return false; };
  const auto report = Train(recipe, options);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->images, 80);
  EXPECT_GE(report->seconds, pause.count());
  const auto epoch = LogOf(options, "epoch").at(0);
  EXPECT_EQ(epoch.at("seconds"), report->seconds);
  EXPECT_EQ(epoch.at("images_per_second"), report->ImagesPerSecond());
}

TEST(ResumeTest, AnotherRecipesCheckpointIsRefused) {
  Recipe recipe = SmallRecipe();
  RunOptions options = OptionsFor("net");
  options.stop = StopAt(kEpochQuestions);
  ASSERT_FALSE(Train(recipe, options));
  options.resume = true;
  recipe.train.lr = 0.04;
  const auto refused = Train(recipe, options);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("train.lr was 0.05, is 0.04; give those"));
}

TEST(ResumeTest, DataThatHaveChangedAreNoticed) {
  const Path data = Folder() / "data";
  Recipe recipe = RecipeOf(data);
  recipe.train.batch = 4;
  RunOptions options = OptionsFor("net");
  options.stop = StopAt(2);
  ASSERT_EQ(Train(recipe, options).error().kind, ErrorKind::kInterrupted);
  options.resume = true;
  std::filesystem::rename(data / "val/odd/1.png", data / "val/odd/2.png");
  const auto renamed = Train(recipe, options);
  ASSERT_FALSE(renamed);
  EXPECT_THAT(renamed.error().message,
              HasSubstr("the data have changed since it was made: val/odd has files with other"));
  std::filesystem::rename(data / "val/odd/2.png", data / "val/odd/1.png");
  ASSERT_TRUE(WriteFile(data / "train/odd/3.png", "torn, and longer"));
  const auto longer = Train(recipe, options);
  ASSERT_FALSE(longer);
  EXPECT_THAT(longer.error().message, HasSubstr("train/odd had"));
  ASSERT_TRUE(WriteFile(data / "train/odd/3.png", "torn"));
  options.stop = [] { return false; };
  const auto same = Train(recipe, options);
  EXPECT_TRUE(same) << same.error().message;
}

TEST(ResumeTest, ResumeWithoutCheckpointIsUsage) {
  RunOptions options = OptionsFor("none");
  options.resume = true;
  const auto refused = Train(SmallRecipe(), options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kUsage);
}

TEST(ResumeTest, NoRunBeginsOverAnUnfinishedOne) {
  RunOptions options = OptionsFor("net");
  options.stop = StopAt(kEpochQuestions);
  ASSERT_FALSE(Train(SmallRecipe(), options));
  const std::string checkpoint = *ReadFile(CheckpointOf(options));
  const std::string log = *ReadFile(options.out.string() + ".log.jsonl");
  options.stop = [] { return false; };
  const auto refused = Train(SmallRecipe(), options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kUsage);
  EXPECT_THAT(refused.error().message, HasSubstr(CheckpointOf(options).string()));
  EXPECT_THAT(refused.error().message, HasSubstr("--resume"));
  EXPECT_EQ(*ReadFile(CheckpointOf(options)), checkpoint);
  EXPECT_EQ(*ReadFile(options.out.string() + ".log.jsonl"), log);
  std::filesystem::remove(CheckpointOf(options));
  EXPECT_TRUE(Train(SmallRecipe(), options));
}

using ResumeSparsifyTest = TrainedNetworkTest;

TEST_F(ResumeSparsifyTest, GoesOnToTheSameResult) {
  // While the first round begins nothing is saved yet. The last one stops while the second begins.
  const int second = kFirstRoundQuestions + 2 * (kEpochQuestions + kMeasureQuestions);
  ExpectSameResult(Sparsify, recipe_,
                   {kFirstRoundQuestions + 1, 17, 26, second + kLaterRoundQuestions / 2});
}

// Stops fall into fine-tuning, whose scales were fixed when its round began, and into measuring.
TEST_F(ResumeSparsifyTest, KeepsTheScalesOfItsRound) {
  recipe_.sparsify.wire = "int8";
  const int first = kFirstRoundQuestions + 2 * kCalibrateQuestions;
  ExpectSameResult(Sparsify, recipe_, {first + 1, first + 3, first + kEpochQuestions + 3});
  EXPECT_THAT(*ReadFile(OptionsFor("whole").plan), HasSubstr("int8"));
}

TEST_F(ResumeSparsifyTest, StoppedBeforeTheFirstEpochItStartsAgain) {
  RunOptions options = OptionsFor("net");
  for (const int question : {1, kMeasureQuestions + 1, kFirstRoundQuestions}) {
    options.stop = StopAt(question);
    const auto stopped = Sparsify(recipe_, options);
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().kind, ErrorKind::kInterrupted);
    EXPECT_THAT(stopped.error().message, HasSubstr("nothing is saved"));
    EXPECT_FALSE(std::filesystem::exists(CheckpointOf(options)));
  }
}

TEST_F(ResumeSparsifyTest, StoppedWhileALaterRoundBeginsItSaysWhatIsSaved) {
  RunOptions options = OptionsFor("net");
  const int second = kFirstRoundQuestions + 2 * (kEpochQuestions + kMeasureQuestions);
  for (const int question : {second + 1, second + kLaterRoundQuestions}) {
    options.stop = StopAt(question);
    const auto stopped = Sparsify(recipe_, options);
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().kind, ErrorKind::kInterrupted);
    EXPECT_THAT(stopped.error().message,
                HasSubstr("after epoch 2, which is saved in " + CheckpointOf(options).string()));
    EXPECT_THAT(stopped.error().message, HasSubstr("--resume"));
    EXPECT_TRUE(std::filesystem::remove(CheckpointOf(options)));
  }
}

TEST_F(ResumeSparsifyTest, AnotherCommandsCheckpointIsRefused) {
  RunOptions options = OptionsFor("net");
  options.stop = StopAt(kFirstRoundQuestions + 1);
  ASSERT_FALSE(Sparsify(recipe_, options));
  options.resume = true;
  const auto refused = Train(recipe_, options);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("disco sparsify"));
}

}  // namespace
}  // namespace disco
