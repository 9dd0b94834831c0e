// SPDX-License-Identifier: Apache-2.0
// That no run ends well, or leaves a file, whose numbers are not finite.
#include <gmock/gmock.h>

#include <cmath>

#include "disco/data/image.h"
#include "disco/onnx/onnx.h"
#include "disco/op/infer_shapes.h"
#include "disco/plan/sketch_for_test.h"
#include "disco/train/checkpoint.h"
#include "disco/train/run_for_test.h"

namespace disco {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// A BatchNormalization "norm" over 1x1 features, of which a picture has one value each.
Path WriteNetwork() {
  Sketch sketch;
  const ValueId image = sketch.Input({1, 3, 16, 16});
  const ValueId pooled =
      sketch.Op(OpType::kGlobalAveragePool, "pool", {sketch.Conv("conv", image, 8, {.kernel = 3})});
  const Tensor ones = Tensor::From<float>({8}, std::vector<float>(8, 1.0f));
  std::vector<ValueId> inputs = {pooled};
  for (const std::string name : {"scale", "shift", "mean", "variance"})
    inputs.push_back(sketch.Constant(name, ones));
  const ValueId norm = sketch.Op(OpType::kBatchNormalization, "norm", inputs, BatchNormParams{});
  const ValueId flat = sketch.Op(OpType::kFlatten, "flat", {norm}, AxisParams{1});
  const Path path = Folder() / "norm.onnx";
  EXPECT_TRUE(WriteOnnx(sketch.Finish({sketch.Gemm("logits", flat, 10)}), path));
  return path;
}

Recipe NormRecipe() {
  Recipe recipe = SmallRecipe();
  recipe.network = {.network = WriteNetwork().string()};
  recipe.data.data = "synthetic:train=33,val=10,size=16";
  recipe.train.epochs = 2;
  recipe.sparsify.epochs = 1;
  return recipe;
}

bool AllFinite(const Path& network) {
  const Graph graph = *ReadOnnx(network);
  return std::ranges::all_of(graph.values, [](const Value& value) {
    return !value.constant || value.constant->dtype() != DType::kF32 ||
           std::ranges::all_of(value.constant->Data<float>(),
                               [](float element) { return std::isfinite(element); });
  });
}

bool Exists(const Path& path) { return std::filesystem::exists(path); }

TEST(OneValueTest, ABatchOfOnePictureIsRefusedByTheOp) {
  Recipe recipe = NormRecipe();
  recipe.train.batch = 1;
  for (const auto command : {Train, Sparsify}) {
    const RunOptions options = OptionsFor("one");
    const auto refused = command(recipe, options);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::kUsage);
    EXPECT_THAT(refused.error().message, AllOf(HasSubstr("op 'norm'"), HasSubstr("--batch 2")));
    EXPECT_FALSE(Exists(options.out) || Exists(options.plan) || Exists(CheckpointOf(options)));
  }
}

TEST(OneValueTest, ALastBatchOfOnePictureIsNotTrainedOn) {
  Recipe recipe = NormRecipe();
  recipe.train.batch = 32;
  for (const auto command : {Train, Sparsify}) {
    const auto report = command(recipe, OptionsFor("last"));
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->images % 32, 0);
    EXPECT_TRUE(AllFinite(OptionsFor("last").out));
  }
}

TEST(OneValueTest, ABatchThatABrokenPictureLeavesOneOfIsLeftOut) {
  const Path data = Folder() / "data";
  for (const std::string split : {"train", "val"}) {
    for (int label = 0; label < 10; ++label) {
      const Path folder = data / split / fmt::format("{}", label);
      ASSERT_TRUE(MakeFolder(folder));
      ASSERT_TRUE(WritePng(folder / "0.png", {16, 16, std::vector<uint8_t>(768, label * 20)}));
      if (split == "val" || label % 3 != 0) continue;
      ASSERT_TRUE(WriteFile(folder / "0.png", "torn"));
    }
  }
  Recipe recipe = NormRecipe();
  recipe.data.data = data.string();
  recipe.data.skip_share = 0.5;
  recipe.train.batch = 2;
  const auto report = Train(recipe, OptionsFor("broken"));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(AllFinite(OptionsFor("broken").out));
  EXPECT_EQ(report->images % 2, 0);
  EXPECT_LT(report->images, 20);
}

// Of a run whose numbers grow beyond float.
void ExpectDiverged(const Result<RunReport>& report, const RunOptions& options) {
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error().message,
              AllOf(HasSubstr("epoch 1, after"), HasSubstr("lower the learning rate")));
  EXPECT_FALSE(Exists(options.out) || Exists(options.plan) || Exists(CheckpointOf(options)));
}

TEST(DivergedTest, TrainSaysWhereAndWritesNothing) {
  Recipe recipe = SmallRecipe();
  recipe.train.lr = 1e6;
  recipe.train.weight_decay = 100;
  ExpectDiverged(Train(recipe, OptionsFor("net")), OptionsFor("net"));
}

using DivergedSparsifyTest = TrainedNetworkTest;

TEST_F(DivergedSparsifyTest, SaysWhereAndWritesNothing) {
  recipe_.sparsify.lr = 1e6;
  recipe_.train.weight_decay = 100;
  ExpectDiverged(Sparsify(recipe_, OptionsFor("sparse")), OptionsFor("sparse"));
}

TEST_F(DivergedSparsifyTest, AnAnswerThatIsNanIsNotMeasured) {
  Graph graph = *ReadOnnx(recipe_.network.network);
  ASSERT_TRUE(InferShapes(graph));
  for (const Op& op : graph.ops) {  // finite, and without a square root
    if (op.type != OpType::kBatchNormalization) continue;
    for (float& variance : graph.value(op.inputs[4]).constant->MutableData<float>()) variance = -1;
  }
  recipe_.network.network = (Folder() / "negative.onnx").string();
  ASSERT_TRUE(WriteOnnx(graph, recipe_.network.network));
  recipe_.sparsify.epochs = 0;
  const auto report = Sparsify(recipe_, OptionsFor("sparse"));
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error().message, HasSubstr("of 40 pictures with NaN"));
  EXPECT_FALSE(Exists(OptionsFor("sparse").out));
}

// With a constant rate of this size the loss stays finite for some epochs.
TEST(DivergedTest, TheCheckpointOfTheEpochBeforeStays) {
  Recipe recipe = SmallRecipe();
  recipe.train.epochs = 50;
  recipe.train.schedule = "constant";
  recipe.train.warmup_epochs = 0;
  recipe.train.weight_decay = 3;
  recipe.train.momentum = 0;
  recipe.train.ema = 0;
  recipe.train.lr = 4;
  const RunOptions options = OptionsFor("net");
  const auto report = Train(recipe, options);
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error().message,
              HasSubstr(CheckpointOf(options).string() + " keeps what was learnt before epoch"));
  EXPECT_TRUE(ReadCheckpoint(CheckpointOf(options)));
  EXPECT_FALSE(Exists(options.out));
}

}  // namespace
}  // namespace disco
