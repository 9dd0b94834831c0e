// SPDX-License-Identifier: Apache-2.0
// Send and Receive: both kernels send the same bytes, and what is received ends where it belongs.
#include <cstring>
#include <map>
#include <numeric>

#include "disco/kernel/kernels_testing.h"
#include "disco/kernel/reference/reference.h"
#include "disco/op/infer_shapes.h"
#include "disco/tensor/slice.h"

namespace disco {
namespace {

// Keeps what is sent; answers from payloads laid out beforehand.
class FakeExchange : public Exchange {
 public:
  Status Send(const SendParams& to, std::span<const std::byte> payload) override {
    sent[to.transfer] = {payload.begin(), payload.end()};
    return {};
  }
  Status Receive(const ReceiveParams::Source& from, std::span<std::byte> payload) override {
    if (!answers.contains(from.transfer))
      return Fail(ErrorKind::kDeadline, "node {} is late", from.from);
    const auto bytes = answers[from.transfer].bytes();
    if (bytes.size() != payload.size())
      return Fail(ErrorKind::kPeer, "{} bytes for {}", bytes.size(), payload.size());
    std::ranges::copy(bytes, payload.begin());
    return {};
  }
  Status GoOn() override {
    if (++steps < most_steps) return {};
    return Fail(ErrorKind::kInterrupted, "enough");
  }
  std::map<int32_t, std::vector<std::byte>> sent;
  std::map<int32_t, Tensor> answers;
  int steps = 0, most_steps = 1'000'000;
};

// One op of each kind that may take long.
Graph LongSteps() {
  Random random(4);
  Graph graph;
  const ValueId x = graph.AddValue("x", DType::kF32, {2, 4, 16, 16});
  graph.inputs = {x};
  Window window{.kernel = {3, 3}};
  const ValueId weights = graph.AddConstant("w", RandomTensor(random, {4, 4, 3, 3}));
  const ValueId conv = graph.AddOp(OpType::kConv, "conv", {x, weights}, ConvParams{window});
  const ValueId most = graph.AddOp(OpType::kMaxPool, "most", {conv}, PoolParams{window});
  const ValueId mean = graph.AddOp(OpType::kAveragePool, "mean", {most}, PoolParams{window});
  const ValueId lrn = graph.AddOp(OpType::kLrn, "lrn", {mean}, LrnParams{.size = 3});
  const ValueId flat = graph.AddOp(OpType::kFlatten, "flat", {lrn}, AxisParams{1});
  const ValueId matrix = graph.AddConstant("m", RandomTensor(random, {400, 5}));
  graph.outputs = {graph.AddOp(OpType::kGemm, "gemm", {flat, matrix}, GemmParams{})};
  EXPECT_TRUE(InferShapes(graph));
  return graph;
}

TEST(ExchangeTest, MayEndARunBeforeEachStep) {
  const Graph graph = LongSteps();
  Random random(5);
  const std::vector<Tensor> inputs = {RandomTensor(random, {2, 4, 16, 16})};
  for (const KernelKind kernel : kKernels) {
    FakeExchange counting;
    ASSERT_TRUE(RunTwice(graph, kernel, inputs, &counting));
    EXPECT_GE(counting.steps, 6);
    for (const int most : {1, counting.steps / 4}) {
      FakeExchange ending;
      ending.most_steps = most;
      const auto ran = RunTwice(graph, kernel, inputs, &ending);
      ASSERT_FALSE(ran);
      EXPECT_EQ(ran.error().kind, ErrorKind::kInterrupted);
    }
  }
}

TEST(ExchangeTest, IsAskedWithinLongStepsOfTheReferenceKernels) {
  const Graph graph = LongSteps();
  Random random(6);
  std::map<std::string, int> questions;
  std::vector<Tensor> values(graph.values.size());
  values[static_cast<size_t>(graph.inputs[0])] = RandomTensor(random, {2, 4, 16, 16});
  for (const Op& op : graph.ops) {
    std::vector<Tensor> inputs;
    for (const ValueId id : op.inputs) {
      const auto& constant = graph.value(id).constant;
      inputs.push_back(constant ? *constant : values[static_cast<size_t>(id)]);
    }
    FakeExchange exchange;
    auto outputs = RunOp(graph, op, inputs, &exchange);
    ASSERT_TRUE(outputs) << outputs.error().message;
    values[static_cast<size_t>(op.outputs[0])] = outputs->at(0);
    questions[op.name] = exchange.steps;
  }
  for (const char* op : {"conv", "most", "mean", "lrn", "gemm"}) EXPECT_GT(questions[op], 1) << op;
}

std::vector<float> Floats(const std::vector<std::byte>& bytes) {
  std::vector<float> floats(bytes.size() / sizeof(float));
  std::memcpy(floats.data(), bytes.data(), bytes.size());
  return floats;
}

TEST(ExchangeTest, PayloadHoldsFeaturesLast) {
  Graph graph;
  graph.inputs = {graph.AddValue("x", DType::kF32, {2, 3, 2, 2})};
  graph.AddOp(OpType::kSend, "all", {graph.inputs[0]}, SendParams{1, 10, 1, {0, 2}, {}});
  graph.AddOp(OpType::kSend, "corner", {graph.inputs[0]}, SendParams{1, 11, 1, {1}, {2, 2}});
  graph.outputs = {graph.AddOp(OpType::kRelu, "y", {graph.inputs[0]})};
  Tensor x(DType::kF32, {2, 3, 2, 2});  // element [n, c, h, w] is ncHW as digits
  for (size_t i = 0; i < 24; ++i) {
    x.MutableData<float>()[i] =
        static_cast<float>(i / 12 * 1000 + i / 4 % 3 * 100 + i / 2 % 2 * 10 + i % 2);
  }
  for (const KernelKind kernel : kKernels) {
    FakeExchange exchange;
    ASSERT_TRUE(RunTwice(graph, kernel, {x}, &exchange));
    EXPECT_EQ(Floats(exchange.sent[10]),
              (std::vector<float>{0, 200, 1, 201, 10, 210, 11, 211, 1000, 1200, 1001, 1201, 1010,
                                  1210, 1011, 1211}));
    EXPECT_EQ(Floats(exchange.sent[11]), (std::vector<float>{100, 1100}));
  }
}

TEST(ExchangeTest, ReceivesOneSourceAfterTheOther) {
  Random random(1);
  Graph graph;
  graph.outputs = {graph.AddOp(OpType::kReceive, "y", {},
                               ReceiveParams{{{1, 20, 2}, {2, 21, 1}}, 1, {1, 3, 1, 2}})};
  FakeExchange exchange;
  exchange.answers[20] = Tensor::From<float>({4}, {1, 2, 3, 4});  // [position, feature]
  exchange.answers[21] = Tensor::From<float>({2}, {5, 6});
  ASSERT_TRUE(InferShapes(graph));
  for (const KernelKind kernel : kKernels) {
    const auto ran = RunTwice(graph, kernel, {}, &exchange);
    ASSERT_TRUE(ran) << ran.error().message;
    const auto y = ran->outputs[0].Data<float>();
    EXPECT_EQ(std::vector<float>(y.begin(), y.end()), (std::vector<float>{1, 3, 2, 4, 5, 6}));
  }
}

// A layer of a shard: y = Relu(Conv(x) + Conv(received) + identity), of which some features are
// sent on.
Graph ShardLayer(Random& random, const std::vector<ReceiveParams::Source>& sources,
                 int64_t foreign) {
  Graph graph;
  graph.inputs = {graph.AddValue("x", DType::kF32, {1, 6, 5, 5})};
  const ValueId x = graph.inputs[0];
  ConvParams same;
  same.window.pads_begin = same.window.pads_end = {1, 1};
  const auto weights = [&](const std::string& name, int64_t inputs) {
    return graph.AddConstant(name, RandomTensor(random, {6, inputs, 3, 3}));
  };
  graph.AddOp(OpType::kSend, "send", {x}, SendParams{1, 1, 1, {0, 3, 5}, {}});
  const ValueId bias = graph.AddConstant("b", RandomTensor(random, {6}));
  const ValueId local = graph.AddOp(OpType::kConv, "local", {x, weights("w", 6), bias}, same);
  const ValueId received =
      graph.AddOp(OpType::kReceive, "receive", {}, ReceiveParams{sources, 1, {1, foreign, 5, 5}});
  const ValueId more =
      graph.AddOp(OpType::kConv, "foreign", {received, weights("wf", foreign)}, same);
  const ValueId sum = graph.AddOp(OpType::kAdd, "sum", {local, more});
  const ValueId residual = graph.AddOp(OpType::kAdd, "residual", {sum, x});
  graph.outputs = {graph.AddOp(OpType::kRelu, "y", {residual})};
  graph.AddOp(OpType::kSend, "send_on", {graph.outputs[0]}, SendParams{1, 2, 1, {1, 4}, {2, 3}});
  return graph;
}

TEST(ExchangeTest, ShardLayersAgree) {
  Random random(2);
  const std::vector<std::vector<ReceiveParams::Source>> layouts = {
      {{1, 7, 4}}, {{1, 7, 3}, {2, 8, 1}, {3, 9, 2}}};
  for (const auto& sources : layouts) {
    int64_t foreign = 0;
    FakeExchange reference, onednn;
    for (const auto& source : sources) {
      reference.answers[source.transfer] = RandomTensor(random, {5, 5, source.features});
      foreign += source.features;
    }
    onednn.answers = reference.answers;
    Graph graph = ShardLayer(random, sources, foreign);
    ASSERT_TRUE(InferShapes(graph));
    const std::vector<Tensor> inputs = {RandomTensor(random, {1, 6, 5, 5})};
    const auto a = RunTwice(graph, KernelKind::kReference, inputs, &reference);
    const auto b = RunTwice(graph, KernelKind::kOneDnn, inputs, &onednn);
    ASSERT_TRUE(a && b);
    EXPECT_THAT(UnusualWarnings(b->report.warnings), testing::IsEmpty());
    ExpectClose(a->outputs[0], b->outputs[0], "y");
    EXPECT_EQ(reference.sent[1], onednn.sent[1]);
    const auto expected = Floats(reference.sent[2]), got = Floats(onednn.sent[2]);
    ASSERT_EQ(expected.size(), 3u * 2u * 2u);
    for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(expected[i], got[i], 1e-4f);
  }
}

TEST(ExchangeTest, ReceivesBehindItsInput) {
  Random random(4);
  for (const int axis : {1, 3}) {
    Graph graph;
    graph.inputs = {graph.AddValue("x", DType::kF32, {2, 3, 4, 5})};
    ReceiveParams params{{{1, 20, 2}, {2, 21, 1}}, axis, {2, 3, 4, 5}};
    params.shape[axis] += 3;
    const ValueId joined = graph.AddOp(OpType::kReceive, "y", {graph.inputs[0]}, params);
    const ValueId weights =
        graph.AddConstant("w", RandomTensor(random, {4, params.shape[1], 1, 1}));
    graph.outputs = {graph.AddOp(OpType::kConv, "conv", {joined, weights}, ConvParams{}), joined};
    ASSERT_TRUE(InferShapes(graph));
    const int64_t positions = 2 * 3 * 4 * 5 / (axis == 1 ? 3 : 5);
    FakeExchange exchange;
    exchange.answers[20] = RandomTensor(random, {positions, 2});
    exchange.answers[21] = RandomTensor(random, {positions, 1});
    const std::vector<Tensor> inputs = {RandomTensor(random, {2, 3, 4, 5})};
    const auto a = RunTwice(graph, KernelKind::kReference, inputs, &exchange);
    const auto b = RunTwice(graph, KernelKind::kOneDnn, inputs, &exchange);
    ASSERT_TRUE(a && b);
    for (size_t output = 0; output < 2; ++output)
      ExpectClose(a->outputs[output], b->outputs[output], "y");
    std::vector<int64_t> first(static_cast<size_t>(inputs[0].shape()[axis]));
    std::iota(first.begin(), first.end(), 0);
    const Tensor own = Gather(a->outputs[1], axis, first);
    EXPECT_TRUE(std::ranges::equal(own.bytes(), inputs[0].bytes()));
    const Tensor last = Gather(a->outputs[1], axis, std::vector<int64_t>{params.shape[axis] - 1});
    ExpectClose(last.Reshaped({positions, 1}), exchange.answers[21], "the last feature");
  }
}

TEST(ExchangeTest, RankTwoAndLastAxisTravelUnchanged) {
  Random random(3);
  Graph graph;
  graph.inputs = {graph.AddValue("x", DType::kF32, {2, 4}),
                  graph.AddValue("tokens", DType::kF32, {1, 3, 4})};
  graph.AddOp(OpType::kSend, "send", {graph.inputs[0]}, SendParams{1, 1, 1, {0, 1, 2, 3}, {}});
  graph.AddOp(OpType::kSend, "send_tokens", {graph.inputs[1]},
              SendParams{1, 2, 2, {0, 1, 2, 3}, {}});
  graph.outputs = {graph.AddOp(OpType::kRelu, "y", {graph.inputs[0]})};
  const std::vector<Tensor> inputs = {RandomTensor(random, {2, 4}),
                                      RandomTensor(random, {1, 3, 4})};
  for (const KernelKind kernel : kKernels) {
    FakeExchange exchange;
    ASSERT_TRUE(RunTwice(graph, kernel, inputs, &exchange));
    EXPECT_TRUE(std::ranges::equal(exchange.sent[1], inputs[0].bytes()));
    EXPECT_TRUE(std::ranges::equal(exchange.sent[2], inputs[1].bytes()));
  }
}

TEST(ExchangeTest, FailuresComeThrough) {
  Graph graph;
  graph.outputs = {
      graph.AddOp(OpType::kReceive, "y", {}, ReceiveParams{{{4, 20, 3}}, 1, {1, 3, 2, 2}})};
  ASSERT_TRUE(InferShapes(graph));
  for (const KernelKind kernel : kKernels) {
    FakeExchange exchange;
    const auto late = RunTwice(graph, kernel, {}, &exchange);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().kind, ErrorKind::kDeadline);
    EXPECT_FALSE(RunTwice(graph, kernel, {}, nullptr));
  }
}

TEST(ExchangeTest, NonsenseIsRefusedAtLoad) {
  for (const int64_t features : {int64_t{2}, int64_t{4}, int64_t{-1}, int64_t{1} << 60}) {
    Graph graph;
    graph.outputs = {
        graph.AddOp(OpType::kReceive, "y", {}, ReceiveParams{{{1, 1, features}}, 1, {1, 3, 2, 2}})};
    FakeExchange exchange;
    for (const KernelKind kernel : kKernels) EXPECT_FALSE(MakeProgram(graph, {kernel, 1}));
  }
  for (const DType dtype : {DType::kI64, DType::kBool, DType::kF64}) {  // of other sizes
    Graph graph;
    graph.inputs = {graph.AddValue("x", dtype, {1, 2, 2})};
    graph.outputs = {
        graph.AddOp(OpType::kReceive, "y", graph.inputs, ReceiveParams{{{1, 1, 1}}, 1, {1, 3, 2}})};
    for (const KernelKind kernel : kKernels) EXPECT_FALSE(MakeProgram(graph, {kernel, 1}));
  }
  for (const SendParams& params : {SendParams{1, 1, 7, {0}, {}}, SendParams{1, 1, 1, {3}, {}},
                                   SendParams{1, 1, 1, {0}, {0}}}) {
    Graph graph;
    graph.inputs = {graph.AddValue("x", DType::kF32, {1, 3, 2})};
    graph.AddOp(OpType::kSend, "send", graph.inputs, params);
    for (const KernelKind kernel : kKernels) EXPECT_FALSE(MakeProgram(graph, {kernel, 1}));
  }
}

}  // namespace
}  // namespace disco
