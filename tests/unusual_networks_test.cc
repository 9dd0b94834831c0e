// SPDX-License-Identifier: Apache-2.0
// Small networks of forms that are legal and seldom: N nodes compute what one node computes.
#include "disco/node/session.h"
#include "disco/plan/make_plan.h"
#include "disco/plan/sketch_for_test.h"
#include "tests/compare.h"

namespace disco {
namespace {

Tensor Table(const Shape& shape, std::vector<int64_t> elements) {
  return Tensor::From<int64_t>(shape, elements);
}

// Of a node that owns one feature more axes have extent 1 than of the network.
Graph SqueezeWithoutAxes() {
  Sketch sketch;
  const ValueId conv = sketch.Conv("conv", sketch.Input({2, 3, 4, 4}), 3, {.kernel = 3});
  const ValueId pool = sketch.Op(OpType::kGlobalAveragePool, "pool", {conv});
  const ValueId squeezed = sketch.Op(OpType::kSqueeze, "squeezed", {pool});
  return sketch.Finish({sketch.Gemm("gemm", squeezed, 5)});
}

Graph ComputedBatchNormalization() {
  Sketch sketch;
  const ValueId conv = sketch.Conv("conv", sketch.Input({1, 3, 6, 6}), 4);
  const ValueId scale = sketch.Input({4}, "scale");
  const ValueId shift = sketch.Op(OpType::kSigmoid, "shift", {scale});
  const ValueId norm =
      sketch.Op(OpType::kBatchNormalization, "norm",
                {conv, scale, shift, sketch.Constant("mean", {4}), shift}, BatchNormParams{});
  return sketch.Finish({sketch.Conv("last", norm, 3)});
}

// conv [1, 6, 5, 5] -> Gather -> Flatten -> Gemm
Graph Gathered(int axis, const Tensor& indices) {
  Sketch sketch;
  const ValueId conv = sketch.Conv("conv", sketch.Input({1, 3, 5, 5}), 6, {.kernel = 3});
  const ValueId table = sketch.Constant("indices", indices);
  const ValueId gather = sketch.Op(OpType::kGather, "gather", {conv, table}, AxisParams{axis});
  const ValueId flat = sketch.Op(OpType::kFlatten, "flat", {gather}, AxisParams{1});
  return sketch.Finish({sketch.Gemm("gemm", flat, 4)});
}

// The features come last, behind the axis that is gathered.
Graph GatheredBeforeFeatures(const Tensor& indices) {
  Sketch sketch;
  const ValueId conv = sketch.Conv("conv", sketch.Input({1, 3, 5, 5}), 6, {.kernel = 3});
  const ValueId moved =
      sketch.Op(OpType::kTranspose, "moved", {conv}, TransposeParams{{0, 2, 3, 1}});
  const ValueId table = sketch.Constant("indices", indices);
  const ValueId gather = sketch.Op(OpType::kGather, "gather", {moved, table}, AxisParams{1});
  const ValueId weights = sketch.Constant("weights", {6, 4});
  return sketch.Finish({sketch.Op(OpType::kMatMul, "product", {gather, weights})});
}

// Every name that the cut and the kernels give to what they make.
Graph NamesOfTheCut() {
  Sketch sketch;
  ValueId x = sketch.Conv("a", sketch.Input({1, 3, 5, 5}), 4);
  for (const char* name : {"b", "b@local", "b@foreign", "a@received", "b@weight", "b@parameter"})
    x = sketch.Conv(name, x, 4, {.bias = true});
  const ValueId norm = sketch.Op(OpType::kBatchNormalization, "b.folded_weight",
                                 {x, sketch.Constant("b@bias", {4}), sketch.Constant("b@1", {4}),
                                  sketch.Constant("a@whole", {4}),
                                  sketch.Constant("ones", Tensor::From<float>({4}, {1, 1, 1, 1}))},
                                 BatchNormParams{});
  const ValueId joined = sketch.Op(OpType::kConcat, "b@joined", {norm, x}, AxisParams{1});
  return sketch.Finish({sketch.Conv("b@part0", joined, 3)});
}

struct Unusual {
  const char* name;
  Graph (*make)();
};

class UnusualNetworks : public testing::TestWithParam<Unusual> {};

TEST_P(UnusualNetworks, NodesComputeWhatOneComputes) {
  const Graph graph = GetParam().make();
  std::vector<Tensor> inputs;
  for (const ValueId input : graph.inputs)
    inputs.push_back(NormalTensor(graph.value(input).name, graph.value(input).shape));
  const std::vector<Tensor> expected = RunOracle(graph, inputs);
  for (const int nodes : {1, 2, 3}) {
    const auto plan = MakePlan(graph, {.nodes = nodes, .method = {Method::kDense, ""}});
    ASSERT_TRUE(plan) << plan.error().message;
    for (const KernelKind kernel : {KernelKind::kReference, KernelKind::kOneDnn}) {
      SCOPED_TRACE(fmt::format("{} nodes, {}", nodes,
                               kernel == KernelKind::kReference ? "reference" : "onednn"));
      const auto session = Session::OpenLocal(
          graph, *plan, {.program = {.kernel = kernel}, .deadline = Milliseconds(60000)});
      ASSERT_TRUE(session) << session.error().message;
      const auto outputs = (*session)->Infer(inputs);
      ASSERT_TRUE(outputs) << outputs.error().message;
      ExpectClose(*outputs, expected, 1e-4);
    }
  }
}
INSTANTIATE_TEST_SUITE_P(
    , UnusualNetworks,
    testing::Values(
        Unusual{"SqueezeWithoutAxes", SqueezeWithoutAxes},
        Unusual{"ComputedBatchNormalization", ComputedBatchNormalization},
        Unusual{"FeaturesFromTheEnd", [] { return Gathered(1, Tensor::Indices({-1, 0, -5, 2})); }},
        Unusual{"OneFeature", [] { return Gathered(1, Table({}, {-2})); }},
        Unusual{"ATableOfFeatures", [] { return Gathered(1, Table({2, 2}, {0, 5, -1, 2})); }},
        Unusual{"OnePosition", [] { return Gathered(3, Table({}, {-1})); }},
        Unusual{"ATableOfPositions", [] { return Gathered(2, Table({2, 2}, {0, 4, -1, 2})); }},
        Unusual{"OneRowBeforeFeatures", [] { return GatheredBeforeFeatures(Table({}, {2})); }},
        Unusual{"ATableBeforeFeatures",
                [] { return GatheredBeforeFeatures(Table({2, 1}, {-1, 0})); }},
        Unusual{"NamesOfTheCut", NamesOfTheCut}),
    [](const auto& unusual) { return unusual.param.name; });

}  // namespace
}  // namespace disco
