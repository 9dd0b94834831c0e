// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <iterator>

#include "disco/cli/print.h"
#include "disco/cli/probe.h"
#include "disco/op/infer_shapes.h"
#include "disco/plan/make_plan.h"

namespace disco {
namespace {

constexpr int kLayers = 14;
// Bytes per second, above which a link is no limit to what networks send.
constexpr double kQuick = 1e9;

Bytes PayloadOf(int64_t side) {
  return Bytes{side * side * static_cast<int64_t>(SizeOf(DType::kF32))};
}
int64_t SideOf(Bytes payload) {
  return std::llround(std::sqrt(static_cast<double>(payload.value) / SizeOf(DType::kF32)));
}

std::string LayerName(int layer) { return fmt::format("layer{}", layer); }

// Layers of one feature: every layer but the first reads one message of side * side floats.
Result<Graph> Layers(int64_t side) {
  Graph graph;
  graph.name = "messages";
  ValueId value = graph.AddValue("image", DType::kF32, {1, 1, side, side});
  graph.inputs = {value};
  const ValueId weights = graph.AddConstant("weights", Tensor::From<float>({1, 1, 1, 1}, {1.0f}));
  for (int layer = 0; layer < kLayers; ++layer)
    value = graph.AddOp(OpType::kConv, LayerName(layer), {value, weights}, ConvParams{});
  graph.outputs = {value};
  DISCO_TRY(InferShapes(graph));
  return graph;
}

// The nodes take turns: what one computes, the other reads.
Result<BoundPlan> PingPong(const Graph& graph) {
  DISCO_ASSIGN(Plan plan, MakePlan(graph, {.nodes = 2, .method = {Method::kDense, ""}}));
  for (int layer = 0; layer < kLayers; ++layer) {
    ValuePlan& value = plan.values.at(LayerName(layer));
    const size_t reader = layer % 2 == 0 ? 1 : 0;
    value.owner = {static_cast<NodeId>(1 - reader)};
    if (!value.read_foreign) continue;  // the last one
    value.kept.assign(2, {});
    value.kept[reader] = {0};
  }
  return Bind(graph, std::move(plan));
}

std::vector<NodeStep> StepsOf(const std::vector<NodeStep>& steps, StepKind kind) {
  std::vector<NodeStep> found;
  std::ranges::copy_if(steps, std::back_inserter(found),
                       [&](const NodeStep& step) { return step.kind == kind; });
  return found;
}

Milliseconds Took(const NodeStep& step) { return step.end - step.start; }

// Node 0 runs the even layers, node 1 the odd ones. Not of the first trip: node 1 may still be on
// its way to its first wait.
Status Collect(const Session& session, std::vector<RoundTrip>& trips) {
  const auto &a = session.steps()[0], &b = session.steps()[1];
  const std::vector<NodeStep> there = StepsOf(a, StepKind::kSend),
                              answers = StepsOf(a, StepKind::kReceive),
                              back = StepsOf(b, StepKind::kSend),
                              between = StepsOf(b, StepKind::kCompute);
  constexpr size_t kTrips = kLayers / 2 - 1;
  if (there.size() < kTrips || answers.size() < kTrips || back.size() < kTrips ||
      between.size() != kLayers / 2) {
    return Fail(ErrorKind::kPeer, "the nodes report other steps than those of {} layers", kLayers);
  }
  for (size_t i = 1; i < kTrips; ++i) {
    trips.push_back({.whole = answers[i].end - there[i].start,
                     .there = Took(there[i]),
                     .back = Took(back[i]),
                     .between = Took(between[i])});
  }
  return {};
}

MessageTime MedianOf(const std::vector<RoundTrip>& trips) {
  std::vector<double> sends, ways;
  for (const RoundTrip& trip : trips) {
    const MessageTime time = OneWay(trip);
    sends.push_back(time.send.count());
    ways.push_back(time.way.count());
  }
  return {Milliseconds(Median(std::move(sends))), Milliseconds(Median(std::move(ways)))};
}

// How often a message of one size goes to and fro.
struct Repeats {
  int warmup, count;  // inferences
};

// Pictures of `side` * `side`.
Result<TimedMessage> TimeMessages(const OpenOn& open, const std::vector<int>& on, int64_t side,
                                  const Repeats& repeats) {
  DISCO_ASSIGN(const Graph graph, Layers(side));
  DISCO_ASSIGN(const BoundPlan bound, PingPong(graph));
  DISCO_ASSIGN(const auto session, open(bound, on));
  const std::vector<Tensor> inputs = {Tensor(DType::kF32, graph.value(graph.inputs[0]).shape)};
  session->AskForSteps(true);
  std::vector<RoundTrip> trips;
  for (int i = 0; i < repeats.warmup + repeats.count; ++i) {
    DISCO_TRY(i == 0 ? session->Infer(inputs) : session->Repeat());
    if (i >= repeats.warmup) DISCO_TRY(Collect(*session, trips));
  }
  return TimedMessage{PayloadOf(side), MedianOf(trips)};
}

}  // namespace

Result<ProbedLink> ProbeLink(const OpenOn& open, int a, int b) {
  constexpr int64_t kSmall = 4, kMiddle = 50, kLarge = 112, kHuge = 512;  // 64 bytes to 1 MB
  constexpr Repeats kOften{10, 30}, kSeldom{1, 4};
  constexpr Milliseconds kLong{20};
  DISCO_ASSIGN(const TimedMessage small, TimeMessages(open, {a, b}, kSmall, kOften));
  DISCO_ASSIGN(const TimedMessage middle, TimeMessages(open, {a, b}, kMiddle, kOften));
  DISCO_ASSIGN(const TimedMessage large, TimeMessages(open, {a, b}, kLarge, kOften));
  FittedLink fitted = FitLink({small, large, large});
  if (fitted.link.bandwidth.bytes_per_second < kQuick) {
    const Bytes payload = PayloadLasting(kLong, fitted.link, PayloadOf(kLarge), PayloadOf(kHuge));
    DISCO_ASSIGN(const TimedMessage sustained,
                 TimeMessages(open, {a, b}, SideOf(payload), kSeldom));
    fitted = FitLink({small, large, sustained});
  }
  return ProbedLink{fitted, middle.time.send + middle.time.way};
}

}  // namespace disco
