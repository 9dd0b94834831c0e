// SPDX-License-Identifier: Apache-2.0
#include <future>
#include <map>
#include <system_error>
#include <thread>

#include "disco/cli/print.h"
#include "disco/cli/probe.h"
#include "disco/cost/fit_speed.h"
#include "disco/cost/one_node.h"
#include "disco/cost/op_time.h"
#include "disco/op/infer_shapes.h"
#include "disco/rewrite/for_kernels.h"
#include "disco/shard/cut.h"
#include "disco/zoo/zoo.h"

namespace disco {
namespace {

// Whoever else uses a machine makes it slower for a while. Of inferences spread over a second some
// are likely to be left alone; on a machine that nobody else uses all are alike.
constexpr int kBursts = 10, kWarmup = 1, kRepeats = 4;  // inferences of each burst
constexpr Milliseconds kPause{100};                     // between bursts
constexpr double kLeftAlone = 0.1;

Result<Graph> HalfResNet() { return MakeZooNetwork({.name = "resnet50", .width = {1, 2}}); }

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

void Add(const std::vector<NodeStep>& steps, StepTimes& times) {
  std::map<std::string, double> once;  // several steps may be of one op
  for (const NodeStep& step : steps) once[step.name] += (step.end - step.start).count();
  for (const auto& [name, ms] : once) times[name].push_back(ms);
}

using Sessions = std::vector<std::unique_ptr<Session>>;

Status StatusOf(const Result<std::vector<Tensor>>& outputs) {
  if (outputs) return {};
  return tl::unexpected(outputs.error());
}

// The nodes run at the same time, as they will: what they share, and what slows the machines down
// for a while, is the same for all of them.
Status OnAll(const Sessions& sessions, const std::function<Status(Session&)>& run) {
  std::vector<std::future<Status>> running;
  Status all;
  try {
    for (const auto& session : sessions)
      running.push_back(std::async(std::launch::async, run, std::ref(*session)));
  } catch (const std::system_error& error) {
    all = Fail(ErrorKind::kInvalid, "no thread for each of {} nodes: {}", sessions.size(),
               error.what());
  }
  for (std::future<Status>& one : running) {
    Status status = one.get();
    if (all) all = std::move(status);
  }
  return all;
}

Result<std::vector<StepTimes>> TimeSteps(const Sessions& sessions, const Graph& graph) {
  std::vector<Tensor> inputs;
  for (const ValueId id : graph.inputs)
    inputs.emplace_back(graph.value(id).dtype, graph.value(id).shape);
  DISCO_TRY(OnAll(sessions, [&](Session& session) { return StatusOf(session.Infer(inputs)); }));
  std::vector<StepTimes> times(sessions.size());
  for (int burst = 0; burst < kBursts; ++burst) {
    std::this_thread::sleep_for(kPause);
    for (int i = 0; i < kWarmup + kRepeats; ++i) {
      DISCO_TRY(OnAll(sessions, [](Session& session) { return StatusOf(session.Repeat()); }));
      if (i < kWarmup) continue;
      for (size_t node = 0; node < sessions.size(); ++node)
        Add(sessions[node]->steps()[0], times[node]);
    }
  }
  return times;
}

std::vector<OpMeasurement> MeasurementsOf(const Graph& shard, const StepTimes& times) {
  std::vector<OpMeasurement> measurements;
  const std::vector<OpWork> works = WorkOf(shard);
  for (size_t op = 0; op < works.size(); ++op) {
    const auto measured = times.find(shard.ops[op].name);
    if (!works[op].takes_time || measured == times.end()) continue;
    measurements.push_back(
        {.kind = works[op].kind,
         .macs = works[op].macs,
         .weight_bytes = works[op].weights,
         .activation_bytes = works[op].activations,
         .milliseconds = Milliseconds(Percentile(measured->second, kLeftAlone))});
  }
  return measurements;
}

// What is known of one node so far.
struct Measured {
  std::vector<OpMeasurement> ops;
  Bytes memory;
};

std::map<OpKind, ComputeSpeed> Reached(const std::vector<OpMeasurement>& ops) {
  std::map<OpKind, double> macs, seconds;
  for (const OpMeasurement& op : ops) {
    macs[op.kind] += static_cast<double>(op.macs.value);
    seconds[op.kind] += op.milliseconds.count() / 1e3;
  }
  std::map<OpKind, ComputeSpeed> reached;
  for (const OpKind kind : kOpKinds) reached[kind] = {macs[kind] / seconds[kind]};
  return reached;
}

// Adds a measurement for every op of `graph` that takes time, on every node.
Status Measure(const OpenOn& open, const Graph& graph, std::vector<Measured>& nodes) {
  DISCO_ASSIGN(const WholeNetwork network, BindWhole(graph));
  DISCO_ASSIGN(const Cut cut, CutNetwork(network.for_nodes));
  Graph shard = cut.shards[0];
  DISCO_TRY(RewriteForKernels(shard));
  Sessions sessions;
  for (size_t node = 0; node < nodes.size(); ++node) {
    DISCO_ASSIGN(auto session, open(network.given, {static_cast<int>(node)}));
    session->AskForSteps(true);
    sessions.push_back(std::move(session));
  }
  DISCO_ASSIGN(const std::vector<StepTimes> times, TimeSteps(sessions, graph));
  for (size_t node = 0; node < nodes.size(); ++node) {
    for (const OpMeasurement& op : MeasurementsOf(shard, times[node]))
      nodes[node].ops.push_back(op);
    nodes[node].memory = sessions[node]->statistics()[0].memory;
  }
  return {};
}

}  // namespace

Result<std::vector<ProbedNode>> ProbeNodes(const OpenOn& open, int count,
                                           const std::function<Status()>& go_on) {
  std::vector<Measured> measured(static_cast<size_t>(count));
  for (const auto& make : {HalfResNet, DepthwiseNetwork, MatrixNetwork}) {
    DISCO_ASSIGN(const Graph graph, make());
    DISCO_TRY(Measure(open, graph, measured));
    DISCO_TRY(go_on());
  }
  std::vector<ProbedNode> nodes;
  for (const Measured& node : measured) {
    const auto speed = FitSpeed(node.ops);
    if (!speed) return At(fmt::format("what node {} reports", nodes.size()), speed.error());
    nodes.push_back({*speed, node.memory, Reached(node.ops)});
  }
  return nodes;
}

}  // namespace disco
