// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>

#include "disco/cli/print.h"
#include "disco/cli/probe.h"
#include "disco/graph/infer_shapes.h"
#include "disco/plan/make_plan.h"

namespace disco {
namespace {

constexpr int kWarmup = 10, kRepeats = 30, kLayers = 14;

// Layers of one feature: every layer but the first reads one message of side * side floats.
Result<Graph> Layers(int64_t side) {
  Graph graph;
  graph.name = "messages";
  ValueId value = graph.AddValue("image", DType::kF32, {1, 1, side, side});
  graph.inputs = {value};
  const ValueId weights = graph.AddConstant("weights", Tensor::From<float>({1, 1, 1, 1}, {1.0f}));
  for (int layer = 0; layer < kLayers; ++layer)
    value =
        graph.AddOp(OpType::kConv, fmt::format("layer{}", layer), {value, weights}, ConvParams{});
  graph.outputs = {value};
  DISCO_TRY(InferShapes(graph));
  return graph;
}

// The nodes take turns: what one computes, the other reads.
Result<Plan> PingPong(const Graph& graph) {
  DISCO_ASSIGN(Plan plan, MakePlan(graph, {.nodes = 2, .method = {Method::kDense, ""}}));
  for (int layer = 0; layer < kLayers; ++layer) {
    const auto value = plan.values.find(fmt::format("layer{}", layer));
    if (value == plan.values.end()) continue;  // the output, which nobody reads
    const int owner = layer % 2;
    value->second.owner = {owner};
    if (!value->second.read_foreign) continue;
    value->second.kept = owner == 0 ? std::vector<std::vector<int64_t>>{{}, {0}}
                                    : std::vector<std::vector<int64_t>>{{0}, {}};
  }
  return plan;
}

// Of messages of one size, in milliseconds.
struct MessageTimes {
  double bytes = 0;
  double send = 0;  // packing and posting
  double way = 0;   // from posted to placed on the other side
};

std::vector<NodeStep> StepsOf(const std::vector<NodeStep>& steps, StepKind kind) {
  std::vector<NodeStep> found;
  std::ranges::copy_if(steps, std::back_inserter(found),
                       [&](const NodeStep& step) { return step.kind == kind; });
  return found;
}

double Took(const NodeStep& step) { return (step.end - step.start).count(); }

// From each Send of node 0 to the end of its next Receive there and back, with one layer on node 1
// in between. The first time node 1 may still be on its way to its first wait.
void Collect(const Session& session, std::vector<double>& sends, std::vector<double>& ways) {
  const auto& here = session.steps()[0];
  const std::vector<NodeStep> gone = StepsOf(here, StepKind::kSend),
                              back = StepsOf(here, StepKind::kReceive),
                              turned = StepsOf(session.steps()[1], StepKind::kSend),
                              between = StepsOf(session.steps()[1], StepKind::kCompute);
  for (size_t i = 1; i < std::min({gone.size(), back.size(), turned.size(), between.size()}); ++i) {
    const double both = Took(gone[i]) + Took(turned[i]);
    sends.push_back(both / 2);
    ways.push_back(((back[i].end - gone[i].start).count() - both - Took(between[i])) / 2);
  }
}

Result<MessageTimes> TimeMessages(const OpenOn& open, const std::vector<int>& on, int64_t side) {
  DISCO_ASSIGN(const Graph graph, Layers(side));
  DISCO_ASSIGN(const Plan plan, PingPong(graph));
  DISCO_ASSIGN(const auto session, open(graph, plan, on));
  const std::vector<Tensor> inputs = {Tensor(DType::kF32, graph.value(graph.inputs[0]).shape)};
  session->AskForSteps(true);
  std::vector<double> sends, ways;
  for (int i = 0; i < kWarmup + kRepeats; ++i) {
    DISCO_TRY(i == 0 ? session->Infer(inputs) : session->Repeat());
    if (i >= kWarmup) Collect(*session, sends, ways);
  }
  return MessageTimes{.bytes = static_cast<double>(side * side) * sizeof(float),
                      .send = Median(std::move(sends)),
                      .way = Median(std::move(ways))};
}

// Bytes per second from what more bytes took longer; unlimited where they did not.
Bandwidth SlopeOf(double bytes, double ms) { return {ms > 0 ? 1e3 * bytes / ms : kUnlimited}; }

}  // namespace

Result<ProbedLink> ProbeLink(const OpenOn& open, int a, int b) {
  constexpr int64_t kSmall = 4, kMiddle = 50, kLarge = 112;  // 64 bytes, 10 kB, 50 kB
  DISCO_ASSIGN(const MessageTimes small, TimeMessages(open, {a, b}, kSmall));
  DISCO_ASSIGN(const MessageTimes middle, TimeMessages(open, {a, b}, kMiddle));
  DISCO_ASSIGN(const MessageTimes large, TimeMessages(open, {a, b}, kLarge));
  const double bytes = large.bytes - small.bytes;
  ProbedLink probed{.send = {.overhead = Milliseconds(small.send),
                             .bandwidth = SlopeOf(bytes, large.send - small.send)},
                    .ten_kilobytes = Milliseconds(middle.send + middle.way)};
  // The way ends with receiving, which keeps a processor busy also when the message was there
  // before; it costs about what sending does, and never more than the whole way.
  const double receive_small = std::min(small.send, small.way);
  const double receive_large = std::min(receive_small + large.send - small.send, large.way);
  probed.receive = {.overhead = Milliseconds(receive_small),
                    .bandwidth = SlopeOf(bytes, receive_large - receive_small)};
  const double travel_small = small.way - receive_small, travel_large = large.way - receive_large;
  probed.link = {.bandwidth = SlopeOf(bytes, travel_large - travel_small),
                 .latency = Milliseconds(travel_small)};
  return probed;
}

}  // namespace disco
