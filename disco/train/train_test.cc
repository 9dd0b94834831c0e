// SPDX-License-Identifier: Apache-2.0
#include "disco/train/train.h"

#include "disco/onnx/onnx.h"
#include "disco/op/infer_shapes.h"
#include "disco/op/op_name.h"
#include "disco/train/run_for_test.h"

namespace disco {
namespace {

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

// The ops of a file, in order.
std::vector<std::string> OpsOf(const Path& path) {
  std::vector<std::string> ops;
  const auto graph = ReadOnnx(path);
  if (!graph) return ops;
  for (const Op& op : graph->ops) {
    ops.push_back(fmt::format("{} {}", Name(op.type), op.name));
  }
  return ops;
}

using SoftmaxTest = TrainedNetworkTest;

TEST_F(SoftmaxTest, IsNeitherTrainedOnNorLost) {
  Graph graph = *ReadOnnx(recipe_.network.network);
  ASSERT_TRUE(InferShapes(graph));
  graph.outputs = {graph.AddOp(OpType::kSoftmax, "softmax", {graph.outputs[0]}, SoftmaxParams{})};
  const Path with_softmax = Folder() / "softmax.onnx";
  ASSERT_TRUE(WriteOnnx(graph, with_softmax));
  const RunOptions without = OptionsFor("without"), with = OptionsFor("with");
  ASSERT_TRUE(Train(recipe_, without));
  EXPECT_EQ(OpsOf(without.out), OpsOf(recipe_.network.network));

  recipe_.network.network = with_softmax.string();
  ASSERT_TRUE(Train(recipe_, with));
  EXPECT_EQ(OpsOf(with.out), OpsOf(with_softmax));
  const auto expected = LogOf(without, "epoch")[0], found = LogOf(with, "epoch")[0];
  EXPECT_EQ(found.at("loss"), expected.at("loss"));
  EXPECT_EQ(found.at("value"), expected.at("value"));
}

struct Wrong {
  void (*change)(Recipe&);
  std::string named;
  ErrorKind kind = ErrorKind::kUsage;
};

TEST(TrainTest, WrongRecipesAreRefusedByName) {
  const std::vector<Wrong> cases = {
      {[](Recipe& recipe) { recipe.network.network = "resnet7"; }, "resnet7"},
      {[](Recipe& recipe) { recipe.network.network = "nowhere.onnx"; }, "nowhere.onnx",
       ErrorKind::kIo},
      {[](Recipe& recipe) { recipe.network.image = "3x16"; }, "3x16"},
      {[](Recipe& recipe) { recipe.network.classes = 3; }, "classes", ErrorKind::kInvalid},
      {[](Recipe& recipe) { recipe.data.data = "/nowhere"; }, "/nowhere", ErrorKind::kIo},
      {[](Recipe& recipe) { recipe.data.preprocessing = "3x32x32"; }, "3x32x32"},
      {[](Recipe& recipe) { recipe.data.preprocessing = "abc"; }, "preprocessing 'abc'"},
      {[](Recipe& recipe) { recipe.train.batch = 1000; }, "--batch"},
      {[](Recipe& recipe) { recipe.train.optimizer = "adagrad"; }, "adagrad"},
      {[](Recipe& recipe) { recipe.train.schedule = "steps"; }, "steps"},
  };
  for (const auto& [change, named, kind] : cases) {
    Recipe recipe = SmallRecipe();
    change(recipe);
    const auto report = Train(recipe, OptionsFor("wrong"));
    ASSERT_FALSE(report) << named;
    EXPECT_EQ(report.error().kind, kind) << named;
    EXPECT_NE(report.error().message.find(named), std::string::npos) << report.error().message;
  }
}

}  // namespace
}  // namespace disco
