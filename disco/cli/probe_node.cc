// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "disco/cli/print.h"
#include "disco/cli/probe.h"
#include "disco/cost/fit_speed.h"
#include "disco/cost/op_time.h"
#include "disco/graph/for_kernels.h"
#include "disco/graph/infer_shapes.h"
#include "disco/shard/cut.h"
#include "disco/zoo/zoo.h"

namespace disco {
namespace {

constexpr int kWarmup = 3, kRepeats = 15;

// Depthwise layers as networks for small machines have them; nothing in the zoo has any.
Result<Graph> DepthwiseNetwork() {
  Graph graph;
  graph.name = "depthwise layers";
  for (const auto& [features, side] : {std::pair<int64_t, int64_t>{32, 112}, {64, 56}, {256, 14}}) {
    const std::string name = fmt::format("{}x{}", features, side);
    const ValueId input = graph.AddValue("image" + name, DType::kF32, {1, features, side, side});
    graph.inputs.push_back(input);
    ConvParams params{.group = features};
    params.window.pads_begin = params.window.pads_end = {1, 1};
    const ValueId weights =
        graph.AddConstant("weights" + name, Tensor(DType::kF32, {features, 1, 3, 3}));
    graph.outputs.push_back(
        graph.AddOp(OpType::kConv, "depthwise" + name, {input, weights}, params));
  }
  DISCO_TRY(InferShapes(graph));
  return graph;
}

// Matrices of several sizes, as classifiers and small networks have them.
Result<Graph> MatrixNetwork() {
  Graph graph;
  graph.name = "matrices";
  for (const auto& [inputs, outputs] :
       {std::pair<int64_t, int64_t>{64, 64}, {512, 10}, {512, 512}, {2048, 1000}}) {
    const std::string name = fmt::format("{}x{}", inputs, outputs);
    const ValueId input = graph.AddValue("row" + name, DType::kF32, {1, inputs});
    graph.inputs.push_back(input);
    const ValueId weights =
        graph.AddConstant("weights" + name, Tensor(DType::kF32, {inputs, outputs}));
    graph.outputs.push_back(
        graph.AddOp(OpType::kGemm, "matrix" + name, {input, weights}, GemmParams{}));
  }
  DISCO_TRY(InferShapes(graph));
  return graph;
}

// Of each step of one node, over some inferences, in milliseconds.
using StepTimes = std::map<std::string, std::vector<double>>;

Result<StepTimes> TimeSteps(Session& session, const Graph& graph) {
  std::vector<Tensor> inputs;
  for (const ValueId id : graph.inputs)
    inputs.emplace_back(graph.value(id).dtype, graph.value(id).shape);
  session.AskForSteps(true);
  StepTimes times;
  for (int i = 0; i < kWarmup + kRepeats; ++i) {
    DISCO_TRY(i == 0 ? session.Infer(inputs) : session.Repeat());
    if (i < kWarmup) continue;
    std::map<std::string, double> once;  // several steps may be of one op
    for (const NodeStep& step : session.steps()[0])
      once[step.name] += (step.end - step.start).count();
    for (const auto& [name, ms] : once) times[name].push_back(ms);
  }
  return times;
}

// Adds a measurement for every op of `graph` that takes time; tells the node's memory.
Result<Bytes> Measure(const OpenOn& open, int node, const Graph& graph,
                      std::vector<OpMeasurement>& measurements) {
  const Plan plan = SingleNodePlan(graph);
  DISCO_ASSIGN(const Cut cut, CutNetwork(graph, plan));
  DISCO_ASSIGN(const auto session, open(graph, plan, {node}));
  DISCO_ASSIGN(StepTimes times, TimeSteps(*session, graph));
  Graph shard = cut.shards[0];
  DISCO_TRY(RewriteForKernels(shard));
  const std::vector<OpWork> works = WorkOf(shard);
  for (size_t op = 0; op < works.size(); ++op) {
    const auto measured = times.find(shard.ops[op].name);
    if (!works[op].takes_time || measured == times.end()) continue;
    measurements.push_back({.kind = works[op].kind,
                            .macs = works[op].macs,
                            .weight_bytes = works[op].weights,
                            .activation_bytes = works[op].activations,
                            .milliseconds = Milliseconds(Median(measured->second))});
  }
  return session->statistics()[0].memory;
}

}  // namespace

Result<ProbedNode> ProbeNode(const OpenOn& open, int node) {
  std::vector<OpMeasurement> measurements;
  ProbedNode probed;
  DISCO_ASSIGN(const Graph resnet, MakeZooNetwork({.name = "resnet50", .width = {1, 2}}));
  DISCO_ASSIGN(probed.memory, Measure(open, node, resnet, measurements));
  for (const auto& make : {DepthwiseNetwork, MatrixNetwork}) {
    DISCO_ASSIGN(const Graph graph, make());
    DISCO_TRY(Measure(open, node, graph, measurements));
  }
  DISCO_ASSIGN(probed.speed, FitSpeed(measurements));
  return probed;
}

}  // namespace disco
