// SPDX-License-Identifier: Apache-2.0
// That training and sparsifying hold every picture against the right answer.
#include <gmock/gmock.h>

#include "disco/data/class_names.h"
#include "disco/data/image.h"
#include "disco/data/network_metadata.h"
#include "disco/onnx/onnx.h"
#include "disco/train/run_for_test.h"

namespace disco {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// One colour per class, so that a few steps tell them apart.
const std::map<std::string, std::array<int, 3>> kColors = {
    {"apple", {210, 30, 40}}, {"banana", {220, 210, 50}}, {"cherry", {90, 0, 120}}};

void Draw(const Path& folder, const std::array<int, 3>& color, int pictures) {
  ASSERT_TRUE(MakeFolder(folder));
  for (int index = 0; index < pictures; ++index) {
    Image image{16, 16, {}};
    for (int level = 0; level < 3 * 16 * 16; ++level)
      image.rgb.push_back(static_cast<uint8_t>(color[static_cast<size_t>(level % 3)] + index));
    ASSERT_TRUE(WritePng(folder / fmt::format("{}.png", index), image));
  }
}

// Pictures of `classes`, with class names as keys and what is drawn as values.
std::string DrawData(const std::string& name, const std::map<std::string, std::string>& classes) {
  const Path data = Folder() / name;
  for (const auto& [label, fruit] : classes) {
    Draw(data / "train" / label, kColors.at(fruit), 16);
    Draw(data / "val" / label, kColors.at(fruit), 4);
  }
  return data.string();
}

std::vector<std::string> ClassesOf(const Path& network) {
  return ParseClassNames(ReadOnnx(network)->metadata.at(kClassesKey));
}

class ClassesTest : public testing::Test {
 protected:
  void SetUp() override {
    recipe_ = SmallRecipe();
    recipe_.network.width = "1/2";
    recipe_.data.data =
        DrawData("fruits", {{"apple", "apple"}, {"banana", "banana"}, {"cherry", "cherry"}});
    recipe_.train.epochs = 6;
    recipe_.train.ema = 0;
    const auto trained = Train(recipe_, OptionsFor("dense"));
    ASSERT_TRUE(trained) << trained.error().message;
    ASSERT_EQ(trained->Value(), 1);
    recipe_.network.network = OptionsFor("dense").out.string();
    recipe_.sparsify.epochs = 0;
    recipe_.train.lr = 0;
  }
  // Gives the trained network other class names; the answers stay.
  void Rename(const std::string& text) {
    Graph graph = *ReadOnnx(OptionsFor("dense").out);
    graph.metadata[kClassesKey] = text;
    if (text.empty()) graph.metadata.erase(kClassesKey);
    recipe_.network.network = (Folder() / "renamed.onnx").string();
    ASSERT_TRUE(WriteOnnx(graph, recipe_.network.network));
  }
  Recipe recipe_;
};

TEST_F(ClassesTest, AreMatchedByNameInAnyOrder) {
  recipe_.data.data = DrawData("letters", {{"x", "banana"}, {"y", "cherry"}, {"z", "apple"}});
  Rename("z\nx\ny");
  for (const bool sparsify : {true, false}) {
    const RunOptions options = OptionsFor(sparsify ? "sparse" : "again");
    const auto report = sparsify ? Sparsify(recipe_, options) : Train(recipe_, options);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(sparsify ? report->value_before : report->Value(), 1) << sparsify;
    EXPECT_THAT(ClassesOf(options.out), ElementsAre("z", "x", "y"));
    EXPECT_TRUE(report->warnings.empty());
  }
}

TEST_F(ClassesTest, StayThoseOfTheNetworkWhereTheDataLackOne) {
  recipe_.data.data = DrawData("two", {{"banana", "banana"}, {"cherry", "cherry"}});
  const RunOptions options = OptionsFor("sparse");
  const auto report = Sparsify(recipe_, options);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->value_before, 1);
  EXPECT_THAT(ClassesOf(options.out), ElementsAre("apple", "banana", "cherry"));
  EXPECT_THAT(report->warnings, ElementsAre(HasSubstr("(train): no pictures of 1"),
                                            HasSubstr("(val): no pictures of 1")));
}

TEST_F(ClassesTest, ThatTheNetworkLacksAreRefused) {
  recipe_.data.data = DrawData("date", {{"cherry", "cherry"}, {"date", "banana"}});
  for (const auto command : {Sparsify, Train}) {
    const auto report = command(recipe_, OptionsFor("sparse"));
    ASSERT_FALSE(report);
    EXPECT_THAT(report.error().message, HasSubstr("'date' is no class of the network"));
    EXPECT_FALSE(std::filesystem::exists(OptionsFor("sparse").out));
  }
}

TEST_F(ClassesTest, OfANetworkWithoutNamesAreMatchedByPlaceAndNumber) {
  Rename("");
  const RunOptions options = OptionsFor("sparse");
  const auto report = Sparsify(recipe_, options);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->value_before, 1);
  EXPECT_THAT(report->warnings, ElementsAre(HasSubstr("(train): the network has no class names")));
  EXPECT_THAT(ClassesOf(options.out), ElementsAre("apple", "banana", "cherry"));
  recipe_.data.data = DrawData("two", {{"banana", "banana"}, {"cherry", "cherry"}});
  const auto refused = Sparsify(recipe_, OptionsFor("refused"));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("tells 3 apart and has no class names"));
}

TEST_F(ClassesTest, ToMeasureOnMayBeFewer) {
  const Path data =
      DrawData("more", {{"apple", "apple"}, {"banana", "banana"}, {"cherry", "cherry"}});
  std::filesystem::remove_all(data / "val" / "apple");
  recipe_.data.data = data.string();
  const auto report = Train(recipe_, OptionsFor("fewer"));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->Value(), 1);
  EXPECT_THAT(report->warnings, ElementsAre(HasSubstr("(val): no pictures of 1")));
}

}  // namespace
}  // namespace disco
