// SPDX-License-Identifier: Apache-2.0
#include "disco/train/checkpoint.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "disco/train/run_identity.h"
#include "disco/train/run_state.h"

namespace disco {
namespace {

Path PathFor(const std::string& name) { return Path(testing::TempDir()) / name; }

Checkpoint Example() {
  Checkpoint checkpoint;
  checkpoint.tensors["weight/a"] = Tensor::From<float>({2, 2}, {1, -2, 3.5f, 0});
  checkpoint.tensors["weight/b"] = Tensor::From<float>({}, {7});
  checkpoint.tensors["empty"] = Tensor(DType::kF32, {0, 3});
  checkpoint.texts["note"] = "two\nlines \"quoted\"";
  return checkpoint;
}

TEST(CheckpointTest, ReadsWhatWasWritten) {
  const Path path = PathFor("round.checkpoint");
  ASSERT_TRUE(WriteCheckpoint(Example(), path));
  const auto read = ReadCheckpoint(path);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->texts, Example().texts);
  ASSERT_EQ(read->tensors.size(), 3u);
  for (const auto& [name, tensor] : Example().tensors) {
    const Tensor& other = read->tensors.at(name);
    EXPECT_EQ(other.shape(), tensor.shape());
    EXPECT_TRUE(std::equal(tensor.bytes().begin(), tensor.bytes().end(), other.bytes().begin()));
  }
}

TEST(CheckpointTest, ATensorThatIsNotFiniteLeavesTheFileThatWasThere) {
  const Path path = PathFor("finite.checkpoint");
  ASSERT_TRUE(WriteCheckpoint(Example(), path));
  const std::string before = *ReadFile(path);
  for (const float bad : {std::nanf(""), HUGE_VALF, -HUGE_VALF}) {
    Checkpoint checkpoint = Example();
    checkpoint.tensors["weight/a"].MutableData<float>()[2] = bad;
    const Status refused = WriteCheckpoint(checkpoint, path);
    ASSERT_FALSE(refused) << bad;
    EXPECT_NE(refused.error().message.find("'weight/a'"), std::string::npos);
    EXPECT_EQ(*ReadFile(path), before);
  }
}

TEST(CheckpointTest, EveryCutIsAnErrorThatNamesTheFile) {
  const Path path = PathFor("cut.checkpoint");
  ASSERT_TRUE(WriteCheckpoint(Example(), path));
  const std::string whole = *ReadFile(path);
  for (size_t size = 0; size < whole.size(); ++size) {
    ASSERT_TRUE(WriteFile(path, whole.substr(0, size)));
    const auto read = ReadCheckpoint(path);
    ASSERT_FALSE(read) << size;
    EXPECT_NE(read.error().message.find("cut.checkpoint"), std::string::npos);
  }
}

TEST(CheckpointTest, NoChangedByteIsReadAsSomethingElse) {
  const Path path = PathFor("changed.checkpoint");
  ASSERT_TRUE(WriteCheckpoint(Example(), path));
  const std::string whole = *ReadFile(path);
  int refused = 0;
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    ASSERT_TRUE(WriteFile(path, changed));
    const auto read = ReadCheckpoint(path);
    refused += read ? 0 : 1;
    if (!read) continue;  // white space is no content
    EXPECT_EQ(read->texts, Example().texts) << at;
    EXPECT_EQ(read->tensors.size(), 3u) << at;
  }
  EXPECT_GT(refused, static_cast<int>(whole.size()) * 9 / 10);
}

TEST(CheckpointTest, HostileHeadersAreErrors) {
  const std::vector<std::string> headers = {
      "[]",
      "{\"a\":{}}",
      "{\"a\":3}",
      R"({"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}})",
      R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})",
      R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})",
      R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,18446744073709551615]}})",
      R"({"a":{"dtype":"I8","shape":[2],"data_offsets":[0,2]}})",
      R"({"__metadata__":{"run":5}})"};
  const Path path = PathFor("hostile.checkpoint");
  for (const std::string& header : headers) {
    std::string file(8, '\0');
    file[0] = static_cast<char>(header.size());
    ASSERT_TRUE(WriteFile(path, file + header + "12345678"));
    const auto read = ReadCheckpoint(path);
    EXPECT_TRUE(!read || read->tensors.empty()) << header;
  }
}

TEST(RunStateTest, ComesBackWhole) {
  RunState state{.rounds_begun = 2, .epoch = 5, .batch = 3, .step = 43};
  state.sums = {.loss = 0.1 + 0.2, .metric = 7, .images = 48, .seconds = 1.0 / 3};
  state.report = {.command = "sparsify",
                  .method = "disco",
                  .value_before = 0.8,
                  .rounds = {{0.5, 0.1, 0.2, 0.3}, {0.9, 0.4, 0.5, 0.6}},
                  .values = {0.6, 0.9},
                  .epochs = 5,
                  .images = 400,
                  .traffic = Bytes{12},
                  .seconds = 2.0 / 3,
                  .files = {{"plan", "a.json"}}};
  Checkpoint checkpoint;
  SaveState(state, checkpoint);
  const auto loaded = LoadState(checkpoint);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->epoch, 5);
  EXPECT_EQ(loaded->batch, 3);
  EXPECT_EQ(loaded->step, 43);
  EXPECT_EQ(loaded->rounds_begun, 2);
  EXPECT_EQ(loaded->sums, state.sums);
  EXPECT_EQ(loaded->report, state.report);
  EXPECT_FALSE(loaded->plan);
}

TEST(RunStateTest, BeforeTheFirstMeasurementThereAreNoValues) {
  Checkpoint checkpoint;
  SaveState({.report = {.command = "train"}}, checkpoint);
  const auto loaded = LoadState(checkpoint);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_TRUE(loaded->report.values.empty());
}

TEST(RunStateTest, AnotherVersionIsRefusedWithBothNamed) {
  Checkpoint checkpoint;
  SaveState({}, checkpoint);
  std::string& position = checkpoint.texts.at("position");
  const std::string now = position, own = fmt::format("\"version\":{},", kRunStateVersion);
  for (const auto& [written, said] :
       {std::pair<std::string, std::string>{"", "version 1"}, {"\"version\":9,", "version 9"}}) {
    position = now;
    position.replace(position.find(own), own.size(), written);
    const auto refused = LoadState(checkpoint);
    ASSERT_FALSE(refused) << said;
    EXPECT_NE(refused.error().message.find(said + ", this disco reads 2; go on with"),
              std::string::npos)
        << refused.error().message;
  }
}

TEST(RunStateTest, AReportOfAnUnknownTaskIsRefused) {
  std::string report = ReportToJson({.command = "train"});
  const std::string name = "classification";
  report.replace(report.find(name), name.size(), "juggling");
  const auto refused = ReportFromJson(report);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("no task 'juggling'"), std::string::npos);
}

TEST(RunStateTest, ACheckpointOfNoRunIsRefused) { EXPECT_FALSE(LoadState({})); }

RunIdentity Identity() {
  return {.weights = 7,
          .parts = {{"train/a", 3, 900, 1}, {"train/b", 4, 800, 2}, {"val/a", 1, 5, 3}}};
}

// The error of a checkpoint of `Identity()` for another run.
std::string RefusalOf(const RunIdentity& other) {
  Checkpoint checkpoint;
  SaveIdentity(Identity(), checkpoint);
  const Status checked = CheckIdentity(other, checkpoint);
  return checked ? "none" : checked.error().message;
}

TEST(RunIdentityTest, SaysWhatDiffers) {
  EXPECT_EQ(RefusalOf(Identity()), "none");
  RunIdentity other = Identity();
  other.recipe.train.batch = 7;
  EXPECT_NE(RefusalOf(other).find("other settings: train.batch was 128, is 7; give those"),
            std::string::npos);
  other = Identity();
  other.weights = 8;
  other.recipe.network.network = Identity().recipe.network.network;
  EXPECT_NE(RefusalOf(other).find("network 'resnet8' has changed"), std::string::npos);
  Checkpoint none;
  EXPECT_FALSE(CheckIdentity(Identity(), none));
}

TEST(RunIdentityTest, SaysWhichDataHaveChanged) {
  struct Case {
    std::function<void(std::vector<DataPart>&)> change;
    std::string said;
  };
  const std::vector<Case> cases = {
      {[](auto& parts) { parts[0].pictures = 2; }, "train/a had 3 pictures, now 2"},
      {[](auto& parts) { parts[1].bytes = 801; }, "train/b had 800 bytes, now 801"},
      {[](auto& parts) { parts[2].hash = 9; }, "val/a has files with other names or contents"},
      {[](auto& parts) { parts.pop_back(); }, "val/a is gone"},
      {[](auto& parts) { parts.push_back({"val/b", 1, 1, 1}); }, "val/b is new"},
      {[](auto& parts) { parts.clear(); }, "train/a is gone, train/b is gone, val/a is gone"},
  };
  for (const auto& [change, said] : cases) {
    RunIdentity other = Identity();
    change(other.parts);
    EXPECT_NE(RefusalOf(other).find(said + "; put them back"), std::string::npos)
        << RefusalOf(other);
  }
}

}  // namespace
}  // namespace disco
