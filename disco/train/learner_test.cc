// SPDX-License-Identifier: Apache-2.0
#include "disco/train/learner.h"

#include <gtest/gtest.h>

#include <cmath>

#include "disco/onnx/onnx.h"
#include "disco/op/infer_shapes.h"
#include "disco/plan/calibrate.h"
#include "disco/plan/make_plan.h"
#include "disco/plan/mask.h"
#include "disco/train/machine.h"
#include "disco/train/network_for_test.h"
#include "disco/train/torch_tensor.h"

namespace disco {
namespace {

Weight MakeWeight(std::initializer_list<float> elements, float gradient) {
  Weight weight{.name = "w", .kind = WeightKind::kMatrix};
  const auto count = static_cast<int64_t>(elements.size());
  weight.tensor = ToTorch(Tensor::From<float>({count}, elements));
  weight.tensor.set_requires_grad(true);
  weight.tensor.mutable_grad() = at::full({count}, gradient, at::kFloat);
  return weight;
}

TEST(OptimizerTest, SgdFollowsItsFormula) {
  const Weight weight = MakeWeight({1}, 0.5f);
  const auto optimizer = MakeOptimizer({OptimizerKind::kSgd, 0.9, 0.1}, {weight});
  optimizer->Step(0, 0.2);
  const double v1 = 0.5 + 0.1 * 1, w1 = 1 - 0.2 * v1;
  EXPECT_NEAR(weight.tensor.item<double>(), w1, 1e-6);
  optimizer->Step(1, 0.2);
  const double v2 = 0.9 * v1 + 0.5 + 0.1 * w1;
  EXPECT_NEAR(weight.tensor.item<double>(), w1 - 0.2 * v2, 1e-6);
}

TEST(OptimizerTest, AdamWFollowsItsFormula) {
  const Weight weight = MakeWeight({1}, 0.5f);
  const auto optimizer = MakeOptimizer({OptimizerKind::kAdamW, 0.9, 0.1}, {weight});
  optimizer->Step(0, 0.01);
  // With the bias taken out, the first step is lr * sign(gradient).
  EXPECT_NEAR(weight.tensor.item<double>(), 1 - 0.01 * 0.1 - 0.01, 1e-6);
}

TEST(OptimizerTest, VectorsDoNotDecay) {
  Weight weight = MakeWeight({1}, 0);
  weight.kind = WeightKind::kVector;
  for (const OptimizerKind kind : {OptimizerKind::kSgd, OptimizerKind::kAdamW}) {
    MakeOptimizer({kind, 0.9, 0.5}, {weight})->Step(0, 1);
    EXPECT_EQ(weight.tensor.item<float>(), 1);
  }
}

TEST(WeightAverageTest, FollowsItsFormula) {
  const Weight weight = MakeWeight({1}, 0);
  WeightAverage average(0.5, {weight});
  const at::NoGradGuard no_gradients;
  weight.tensor.fill_(3);
  average.Update();  // decay min(0.5, 1 / 10)
  EXPECT_NEAR(average.averages()[0].item<double>(), 0.1 * 1 + 0.9 * 3, 1e-6);
  {
    const AveragedWeights averaged(average);
    EXPECT_NEAR(weight.tensor.item<double>(), 2.8, 1e-6);
  }
  EXPECT_EQ(weight.tensor.item<float>(), 3);
}

Batch RandomBatch(uint64_t stream) {
  Batch batch{RandomTensor({8, 3, 16, 16}, stream), {}};
  for (int64_t i = 0; i < 8; ++i) batch.targets.push_back(ClassLabel{i % 5});
  return batch;
}

Graph SmallNetwork() {
  return RandomNetwork({.name = "resnet8", .width = {1, 2}, .classes = 5, .image = {3, 16, 16}});
}

Result<std::unique_ptr<Learner>> MakeLearner(Graph graph, const TrainRecipe& recipe) {
  return Learner::Make(std::move(graph), recipe, ObjectiveOf(Task::kClassification));
}

class MaskTest : public testing::TestWithParam<std::string> {};

TEST_P(MaskTest, HoldsThroughTraining) {
  Graph graph = SmallNetwork();
  const auto plan = MakePlan(graph, {.nodes = 2, .sparsity = 0.75});
  ASSERT_TRUE(plan) << plan.error().message;
  TrainRecipe recipe;
  recipe.optimizer = GetParam();
  recipe.ema = 0.9;
  const auto learner = MakeLearner(graph, recipe);
  ASSERT_TRUE(learner) << learner.error().message;
  ASSERT_TRUE((*learner)->Step(RandomBatch(100), 0, 0.05));  // so that there is momentum
  ASSERT_TRUE((*learner)->WriteBack(graph));
  EXPECT_GT(ApplyMask(graph, *plan), 0);
  (*learner)->Prune(*Bind(graph, *plan));
  for (uint64_t step = 1; step < 6; ++step) {
    ASSERT_TRUE((*learner)->Step(RandomBatch(step), static_cast<int64_t>(step), 0.05));
    Graph averaged = graph, raw = graph;
    ASSERT_TRUE((*learner)->WriteBack(averaged));
    (*learner)->network().WriteBack(raw);
    EXPECT_EQ(ApplyMask(averaged, *plan), 0) << step;
    EXPECT_EQ(ApplyMask(raw, *plan), 0) << step;
  }
}

INSTANTIATE_TEST_SUITE_P(Optimizers, MaskTest, testing::Values("sgd", "adamw"));

TEST(LearnerTest, LossFallsOnOneBatch) {
  const auto learner = MakeLearner(SmallNetwork(), {.ema = 0.9});
  const Batch batch = RandomBatch(1);
  const double first = (*learner)->Step(batch, 0, 0.05)->loss;
  double last = first;
  for (int64_t step = 1; step < 20; ++step) last = (*learner)->Step(batch, step, 0.05)->loss;
  EXPECT_LT(last, 0.5 * first);
}

TEST(LearnerTest, SoftmaxInTheEndChangesNoLoss) {
  Graph softmax = SmallNetwork();
  softmax.outputs = {
      softmax.AddOp(OpType::kSoftmax, "softmax", {softmax.outputs[0]}, SoftmaxParams{})};
  ASSERT_TRUE(InferShapes(softmax));
  const auto plain = MakeLearner(SmallNetwork(), {}), learner = MakeLearner(softmax, {});
  ASSERT_TRUE(learner) << learner.error().message;
  for (int64_t step = 0; step < 3; ++step) {
    const Batch batch = RandomBatch(static_cast<uint64_t>(step));
    const double expected = (*plain)->Step(batch, step, 0.05)->loss;
    EXPECT_NEAR((*learner)->Step(batch, step, 0.05)->loss, expected, 1e-4 * expected) << step;
  }
}

TEST(LearnerTest, Bf16IsRefusedWhereItDoesNotWork) {
  const Status works = TryBf16();
  const auto learner = MakeLearner(SmallNetwork(), {.bf16 = true});
  EXPECT_EQ(learner.has_value(), works.has_value());
  if (learner) GTEST_SKIP() << "it works here; see tools/at_level.sh AVX2";
  EXPECT_NE(learner.error().message.find("DNNL_MAX_CPU_ISA"), std::string::npos);
}

TEST(LearnerTest, Bf16GivesNearlyTheSameLoss) {
  if (const Status works = TryBf16(); !works) GTEST_SKIP() << works.error().message;
  const Batch batch = RandomBatch(1);
  const double exact = (*MakeLearner(SmallNetwork(), {}))->Step(batch, 0, 0.05)->loss;
  const double rounded = (*MakeLearner(SmallNetwork(), {.bf16 = true}))->Step(batch, 0, 0.05)->loss;
  EXPECT_NEAR(rounded, exact, 0.05 * exact);
  EXPECT_NE(rounded, exact);
}

TEST(LearnerTest, LearnsOverWires) {
  Graph graph = SmallNetwork();
  graph.outputs = {graph.AddOp(OpType::kSoftmax, "softmax", {graph.outputs[0]}, SoftmaxParams{})};
  ASSERT_TRUE(InferShapes(graph));
  const auto plan = MakePlan(graph, {.nodes = 2, .method = {Method::kDense, ""}});
  const Batch batch = RandomBatch(1);
  for (const bool bf16 : {false, true}) {
    if (const Status works = TryBf16(); bf16 && !works) GTEST_SKIP() << works.error().message;
    std::vector<double> losses;
    for (const WireType type : {WireType::kF32, WireType::kF16}) {
      const auto learner = MakeLearner(graph, {.bf16 = bf16});
      (*learner)->SetWires(*Bind(graph, WithWire(*plan, type)));
      const auto result = (*learner)->Step(batch, 0, 0.05);
      ASSERT_TRUE(result) << result.error().message;
      losses.push_back(result->loss);
    }
    EXPECT_NEAR(losses[1], losses[0], (bf16 ? 0.02 : 1e-3) * losses[0]);
    EXPECT_NE(losses[1], losses[0]);
  }
}

TEST(LearnerTest, LossThatIsNoNumberIsAnError) {
  const auto learner = MakeLearner(SmallNetwork(), {});
  Batch batch = RandomBatch(1);
  batch.images.MutableData<float>()[0] = std::numeric_limits<float>::quiet_NaN();
  const auto result = (*learner)->Step(batch, 0, 0.05);
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message.find("lower the learning rate"), std::string::npos);
}

TEST(LearnerTest, WeightsThatAreNoNumbersAreNotWrittenBack) {
  Graph graph = SmallNetwork();
  const auto learner = MakeLearner(graph, {});
  ASSERT_TRUE((*learner)->WriteBack(graph));
  ASSERT_TRUE((*learner)->Step(RandomBatch(1), 0, HUGE_VAL)) << "the loss is that of before";
  const std::string before = *SerializeOnnx(graph);
  const Status refused = (*learner)->WriteBack(graph);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("holds NaN or infinity"), std::string::npos);
  EXPECT_NE(refused.error().message.find("'weight/"), std::string::npos);
  EXPECT_EQ(*SerializeOnnx(graph), before);
}

TEST(LearnerTest, RestoreRefusesAnotherNetwork) {
  const auto learner = MakeLearner(SmallNetwork(), {});
  Checkpoint checkpoint;
  (*learner)->Save(checkpoint);
  EXPECT_TRUE((*learner)->Restore(checkpoint));
  checkpoint.tensors.erase(checkpoint.tensors.begin());
  EXPECT_FALSE((*learner)->Restore(checkpoint));
}

}  // namespace
}  // namespace disco
