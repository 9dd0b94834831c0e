// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "disco/cli/print.h"
#include "disco/cli/probe.h"
#include "disco/graph/infer_shapes.h"
#include "disco/plan/make_plan.h"

namespace disco {
namespace {

constexpr int kWarmup = 10, kRepeats = 30, kLayers = 12;

// Layers of two features, one per node, each of which the other node reads: every layer but the
// first is one message of side * side floats each way.
Result<Graph> PingPong(int64_t side) {
  Graph graph;
  graph.name = "messages";
  ValueId value = graph.AddValue("image", DType::kF32, {1, 2, side, side});
  graph.inputs = {value};
  const ValueId weights =
      graph.AddConstant("weights", Tensor::From<float>({2, 2, 1, 1}, {0.5f, 0.5f, 0.5f, 0.5f}));
  for (int layer = 0; layer < kLayers; ++layer)
    value =
        graph.AddOp(OpType::kConv, fmt::format("layer{}", layer), {value, weights}, ConvParams{});
  graph.outputs = {value};
  DISCO_TRY(InferShapes(graph));
  return graph;
}

// Of messages of one size, in milliseconds.
struct MessageTimes {
  double bytes = 0;
  double send = 0;  // packing and posting
  double way = 0;   // from posted to placed on the other side
};

// Both nodes post at about the same moment; what one is late makes its message late for the other
// and the other's early for it, so that the mean of both is one way.
void Collect(const Session& session, std::vector<double>& sends, std::vector<double>& ways) {
  std::array<std::vector<double>, 2> way;
  for (size_t node = 0; node < way.size(); ++node) {
    Milliseconds posted{0};
    for (const NodeStep& step : session.steps()[node]) {
      if (step.kind == StepKind::kSend) {
        sends.push_back((step.end - step.start).count());
        posted = step.end;
      } else if (step.kind == StepKind::kReceive) {
        way[node].push_back((step.end - posted).count());
      }
    }
  }
  for (size_t i = 0; i < std::min(way[0].size(), way[1].size()); ++i)
    ways.push_back((way[0][i] + way[1][i]) / 2);
}

Result<MessageTimes> TimeMessages(const OpenOn& open, const std::vector<int>& on, int64_t side) {
  DISCO_ASSIGN(const Graph graph, PingPong(side));
  DISCO_ASSIGN(const Plan plan, MakePlan(graph, {.nodes = 2, .method = {Method::kDense, ""}}));
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

// Bytes per second from what more bytes took longer.
Bandwidth SlopeOf(double bytes, double ms) {
  constexpr double kLeastMs = 1e-6;
  return {1e3 * bytes / std::max(ms, kLeastMs)};
}

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
