// SPDX-License-Identifier: Apache-2.0
// Training sees what nodes see: a network under LibTorch with a plan's wires answers as its shards
// do over those wires, and the accuracy that sparsify reports is the one that nodes have.
#include <cmath>

#include "disco/data/loader.h"
#include "disco/data/network_metadata.h"
#include "disco/data/task.h"
#include "disco/node/session.h"
#include "disco/onnx/onnx.h"
#include "disco/op/set_batch.h"
#include "disco/plan/calibrate.h"
#include "disco/plan/make_plan.h"
#include "disco/plan/mask.h"
#include "disco/plan/plan_file.h"
#include "disco/train/run_for_test.h"
#include "disco/train/torch_network.h"
#include "disco/train/torch_tensor.h"
#include "tests/compare.h"
#include "tests/random_network.h"

namespace disco {
namespace {

constexpr Milliseconds kPatience{60000};  // no verdict depends on it
constexpr int64_t kBatch = 16;

struct Case {
  Graph graph;  // with the plan's mask applied
  Plan plan;    // wires float32
  std::vector<Tensor> inputs;
};

Case MakeCase(uint64_t seed) {
  RandomNetwork network(seed, RandomNetwork::Ops::kTrained);
  Case drawn{.graph = network.Make()};
  drawn.inputs = network.MakeInputs(drawn.graph);
  Random random(seed, 2);
  drawn.plan = *MakePlan(drawn.graph, {.nodes = seed % 2 == 0 ? 2 : 3,
                                       .method = {Method::kRandom, ""},
                                       .sparsity = random.Uniform(0, 0.8),
                                       .seed = seed});
  ApplyMask(drawn.graph, drawn.plan);
  return drawn;
}

Plan Calibrated(const Case& drawn) {
  Calibration calibration(drawn.plan);
  const auto values = RunOracle(calibration.Watched(drawn.graph), drawn.inputs);
  for (size_t i = 0; i < values.size(); ++i) EXPECT_TRUE(calibration.Add(i, values[i]));
  return calibration.Apply(drawn.plan);
}

std::vector<Tensor> Trained(const Case& drawn, const Plan& plan) {
  auto network = TorchNetwork::Make(drawn.graph);
  EXPECT_TRUE(network) << network.error().message;
  network->SetPlan(*Bind(drawn.graph, plan));
  const at::NoGradGuard no_gradients;
  const auto outputs = network->Forward({ViewAsTorch(drawn.inputs[0])}, ForwardMode::Inference());
  EXPECT_TRUE(outputs) << outputs.error().message;
  std::vector<Tensor> tensors;
  for (const at::Tensor& output : *outputs) tensors.push_back(FromTorch(output));
  return tensors;
}

std::vector<Tensor> OnNodes(const Case& drawn, const Plan& plan) {
  const auto session = Session::OpenLocal(
      drawn.graph, plan, {.program = {.kernel = KernelKind::kReference}, .deadline = kPatience});
  EXPECT_TRUE(session) << session.error().message;
  const auto outputs = (*session)->Infer(drawn.inputs);
  EXPECT_TRUE(outputs) << outputs.error().message;
  return *outputs;
}

// Largest relative error over all outputs.
double Distance(const Case& drawn, const Plan& plan) {
  const std::vector<Tensor> trained = Trained(drawn, plan), expected = OnNodes(drawn, plan);
  double distance = 0;
  for (size_t i = 0; i < expected.size(); ++i)
    distance = std::max(distance, RelativeError(trained[i], expected[i]));
  return distance;
}

// An element that lies on the edge between two codes may arrive as one here and as the other there,
// since sums differ in their last bits. That happens in one answer of sixty, between two kernels
// too; a wire that is missing or wrong shows in many more.
TEST(TrainingEqualsNodes, OverEveryWire) {
  constexpr uint64_t kSeeds = 100;
  constexpr double kTolerance = 1e-4, kFlip = 2e-2;
  int far = 0;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    const Case drawn = MakeCase(seed);
    EXPECT_LE(Distance(drawn, drawn.plan), kTolerance) << seed;
    for (const Plan& plan : {WithWire(drawn.plan, WireType::kF16), Calibrated(drawn)}) {
      const double distance = Distance(drawn, plan);
      EXPECT_LE(distance, kFlip) << seed;
      if (distance > kTolerance) ++far;
    }
  }
  EXPECT_LE(far, 2 * kSeeds / 20);
}

// Right answers of the nodes on the pictures that `recipe` measures on.
int64_t RightAnswers(const Recipe& recipe, const Graph& graph, const Plan& plan) {
  std::shared_ptr<const Dataset> data = *OpenDataset({.source = recipe.data.data, .split = "val"});
  const std::string& preprocessing = graph.metadata.at(kPreprocessingKey);
  Loader loader(data, {.preprocessing = *ParsePreprocessing(preprocessing), .batch_size = kBatch});
  const auto session = Session::OpenLocal(graph, plan, {.deadline = kPatience});
  EXPECT_TRUE(session) << session.error().message;
  const auto meter = DefOf(Task::kClassification).make_meter();
  loader.StartEpoch(0);
  for (auto batch = *loader.Next(); batch; batch = *loader.Next()) {
    meter->Add(*(*session)->Infer(std::vector<Tensor>{batch->images}), batch->targets);
  }
  EXPECT_EQ(meter->images(), data->size());
  return std::llround(meter->Values().front() * static_cast<double>(data->size()));
}

using SparsifyOverWires = TrainedNetworkTest;

// One picture gives poor scales, so that int8 changes answers.
TEST_F(SparsifyOverWires, ReportsTheMetricOfNodes) {
  recipe_.data.data = "synthetic:train=160,val=400,size=16";
  recipe_.sparsify.wire = "int8";
  recipe_.sparsify.sparsity = 0.2;
  recipe_.sparsify.calibrate_images = 1;
  const RunOptions options = OptionsFor("int8");
  const auto report = Sparsify(recipe_, options);
  ASSERT_TRUE(report) << report.error().message;
  Graph graph = *ReadOnnx(options.out);
  ASSERT_TRUE(SetBatch(graph, kBatch));
  const Plan plan = *ReadPlan(options.plan);
  // Over float32 it is eight answers off (on one machine: training is not the same on all).
  const int64_t right = RightAnswers(recipe_, graph, plan);
  EXPECT_NEAR(400 * report->Value(), static_cast<double>(right), 4) << "but for flips";
}

}  // namespace
}  // namespace disco
