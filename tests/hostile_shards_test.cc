// SPDX-License-Identifier: Apache-2.0
// Shards that ask for memory: a `disco node` stays within --memory whatever they ask for, and lives
// on. What is measured is the most that the process ever had resident while it served one.
#include <gmock/gmock.h>

#include <numeric>
#include <thread>

#include "disco/base/hash.h"
#include "disco/node/protocol.h"
#include "disco/node/session.h"
#include "disco/onnx/onnx.h"
#include "disco/onnx/protobuf_bytes_for_test.h"
#include "disco/op/validate.h"
#include "disco/transport/channel.h"
#include "disco/transport/connect.h"
#include "tests/node_process.h"

namespace disco {
namespace {

constexpr Milliseconds kPatience{60000};
constexpr uint64_t kPlan = 0x1234;
constexpr int64_t kMemory = 100 << 20;
// Beside --memory: the process with its libraries, and what a session holds whose size nobody can
// choose (docs/format/wire.md).
constexpr int64_t kBeside = 32 << 20;

// A network of one node, or of node 0 of two. Nothing is checked here: a node has to.
struct Net {
  Graph graph;
  Net() { graph.metadata[kShardPlanKey] = HashText(kPlan); }
  ValueId Input(const Shape& shape, DType dtype = DType::kF32) {
    graph.inputs.push_back(graph.AddValue(fmt::format("x{}", graph.values.size()), dtype, shape));
    return graph.inputs.back();
  }
  ValueId Indices(const std::vector<int64_t>& numbers) {
    return graph.AddConstant(fmt::format("n{}", graph.values.size()), Tensor::Indices(numbers));
  }
  ValueId Weights(const Shape& shape) {
    return graph.AddConstant(fmt::format("w{}", graph.values.size()), Tensor(DType::kF32, shape));
  }
  ValueId Op(OpType type, std::vector<ValueId> inputs, OpParams params = {}) {
    return graph.AddOp(type, fmt::format("o{}", graph.values.size()), std::move(inputs),
                       std::move(params));
  }
  std::string Finish(std::vector<ValueId> outputs) {
    graph.outputs = std::move(outputs);
    const auto bytes = SerializeOnnx(graph);
    EXPECT_TRUE(bytes) << bytes.error().message;
    return bytes ? *bytes : "";
  }
};

// y = Relu(x) and what is added to its graph.
std::string ReluWith(const std::string& in_graph) {
  Net net;
  return net.Finish({net.Op(OpType::kRelu, {net.Input({1})})}) + Field(7, in_graph);
}

struct HostileShard {
  const char* name;
  std::function<std::string()> make;
  int nodes = 1;
};

std::string Fill(int64_t elements) {
  Net net;
  return net.Finish({net.Op(OpType::kConstantOfShape, {net.Indices({elements})}, FillParams{1})});
}

std::string Chain(const Shape& input, int length,
                  const std::function<ValueId(Net&, ValueId, int)>& step) {
  Net net;
  ValueId x = net.Input(input);
  for (int i = 0; i < length; ++i) x = step(net, x, i);
  return net.Finish({x});
}

SendParams SendAll(int transfer, const Shape& shape) {
  SendParams send{.to = 1, .transfer = transfer, .axis = 1};
  send.features.resize(static_cast<size_t>(shape[1]));
  std::iota(send.features.begin(), send.features.end(), 0);
  return send;
}

std::string ManySends(int count, const Shape& shape) {
  Net net;
  const ValueId y = net.Op(OpType::kRelu, {net.Input(shape)});
  for (int i = 0; i < count; ++i) net.Op(OpType::kSend, {y}, SendAll(i, shape));
  return net.Finish({});
}

// Each sum could be computed before what comes later: as many changes as pairs of ops.
std::string AddsToMove() {
  Net net;
  const ValueId x = net.Input({1, 2});
  ValueId sum = net.Op(OpType::kRelu, {x});
  ReceiveParams receive{.axis = 1, .shape = {1, 2}};
  for (int i = 0; i < 3000; ++i) {
    receive.sources = {{1, i, 2}};
    sum = net.Op(OpType::kAdd, {sum, net.Op(OpType::kReceive, {}, receive)});
  }
  for (int i = 0; i < 3000; ++i) sum = net.Op(OpType::kAdd, {sum, x});
  return net.Finish({sum});
}

std::string DeepPools(int parts, int pools) {
  Net net;
  const ValueId x = net.Input({1, 1, 8, 8});
  ValueId y =
      net.Op(OpType::kConcat, std::vector<ValueId>(static_cast<size_t>(parts), x), AxisParams{1});
  for (int i = 0; i < pools; ++i)
    y = net.Op(OpType::kMaxPool, {y}, PoolParams{.window = {.kernel = {1, 1}}});
  return net.Finish({y});
}

Window Wide(int64_t kernel, int64_t pad, int64_t stride = 1) {
  return {.kernel = {kernel, kernel},
          .strides = {stride, stride},
          .pads_begin = {pad, pad},
          .pads_end = {pad, pad}};
}

const HostileShard kShards[] = {
    {"AFillOfGigabytes", [] { return Fill(500'000'000); }},
    {"AFillOfAllThereIs", [] { return Fill(20 << 20); }},
    {"FillsNobodyReads",
     [] {
       Net net;
       const ValueId n = net.Indices({1 << 20});
       for (int i = 0; i < 400; ++i) net.Op(OpType::kConstantOfShape, {n}, FillParams{1});
       return net.Finish({net.Op(OpType::kRelu, {net.Input({1})})});
     }},
    {"TransposesOfAConstant",
     [] {
       Net net;
       ValueId c = net.Weights({512, 512});
       for (int i = 0; i < 500; ++i) c = net.Op(OpType::kTranspose, {c}, TransposeParams{{1, 0}});
       return net.Finish({c});
     }},
    {"EmptyNodes", [] { return ReluWith(Repeated(Field(1, ""), 1'000'000)); }},
    {"ANodeOfManyNames",
     [] { return ReluWith(Field(1, Field(4, "Concat") + Repeated(Field(1, "x0"), 500'000))); }},
    {"EmptyTensors", [] { return ReluWith(Repeated(Field(5, ""), 1'000'000)); }},
    {"FieldsNobodyKnows", [] { return ReluWith(Repeated(Field(99, ""), 3'000'000)); }},
    {"AxesWithoutEnd",
     [] {
       Net net;
       Shape deep(std::vector<int64_t>(300'000, 1));
       deep[299'999] = 3;
       deep[299'998] = 2;
       std::vector<int64_t> swapped(300'000);
       std::iota(swapped.begin(), swapped.end(), 0);
       std::swap(swapped[299'999], swapped[299'998]);
       return net.Finish(
           {net.Op(OpType::kTranspose, {net.Input(deep, DType::kI64)}, TransposeParams{swapped})});
     }},
    {"OneWeightReadByManyConvolutions",
     [] {
       Net net;
       const ValueId w = net.Weights({256, 256, 1, 1});
       ValueId y = net.Input({1, 256, 1, 1});
       for (int i = 0; i < 2000; ++i) y = net.Op(OpType::kConv, {y, w}, ConvParams{});
       return net.Finish({y});
     }},
    {"OneWeightFoldedIntoManyNorms",
     [] {
       Net net;
       const ValueId w = net.Weights({256, 256, 1, 1}), c = net.Weights({256});
       ValueId y = net.Input({1, 256, 1, 1});
       for (int i = 0; i < 1000; ++i) {
         y = net.Op(OpType::kConv, {y, w}, ConvParams{});
         y = net.Op(OpType::kBatchNormalization, {y, c, c, c, c}, BatchNormParams{});
       }
       return net.Finish({y});
     }},
    {"OneWeightScaledByManyGemms",
     [] {
       Net net;
       const ValueId w = net.Weights({512, 512});
       ValueId y = net.Input({1, 512});
       for (int i = 0; i < 500; ++i) y = net.Op(OpType::kGemm, {y, w}, GemmParams{.alpha = 2});
       return net.Finish({y});
     }},
    {"FeaturesOfGigabytes",
     [] {
       return Chain({1, 1 << 20}, 300, [](Net& net, ValueId x, int) {
         return net.Op(OpType::kLeakyRelu, {x}, LeakyReluParams{});
       });
     }},
    {"OpsWithoutAPrimitive",
     [] {
       return Chain({1, 4, 2, 2}, 8000, [](Net& net, ValueId x, int) {
         return net.Op(OpType::kLrn, {x}, LrnParams{.size = 2});
       });
     }},
    {"OneInputReadByManyOpsWithoutAPrimitive",
     [] {
       Net net;
       const ValueId x = net.Input({1, 1, 1024, 1024});
       std::vector<ValueId> indices;
       for (int i = 0; i < 300; ++i) {
         net.Op(OpType::kMaxPool, {x}, PoolParams{.window = Wide(1024, 0, 1024)});
         indices.push_back(net.graph.AddValue(fmt::format("indices{}", i), DType::kI64));
         net.graph.ops.back().outputs.push_back(indices.back());
       }
       return net.Finish(std::move(indices));
     }},
    {"AMapOfOneRow",
     [] {
       Net net;
       return net.Finish(
           {net.Op(OpType::kConv, {net.Input({1, 4, 1, 100'000}), net.Weights({4, 4, 1, 31})},
                   ConvParams{})});
     }},
    {"PaddingOfAMillion",
     [] {
       Net net;
       constexpr int64_t kFar = 1 << 20;
       return net.Finish(
           {net.Op(OpType::kConv, {net.Input({1, 8, 1, 1}), net.Weights({8, 8, 1, 1})},
                   ConvParams{Wide(1, kFar, kFar)})});
     }},
    {"PrimitivesAllDifferent",
     [] {
       return Chain({1, 8, 8, 8}, 1000, [](Net& net, ValueId x, int i) {
         const Shape kernel{8, 8, 1 + i % 7, 1 + i % 5};
         const Window window{.pads_begin = {kernel[2] - 1, kernel[3] - 1}, .pads_end = {0, i % 2}};
         return net.Op(OpType::kConv, {x, net.Weights(kernel)}, ConvParams{window});
       });
     }},
    {"AWindowAsLargeAsItsMap",
     [] {
       Net net;
       return net.Finish(
           {net.Op(OpType::kConv, {net.Input({1, 1, 64, 64}), net.Weights({1, 1, 127, 127})},
                   ConvParams{Wide(127, 63)})});
     }},
    {"AWindowOfPadding",
     [] {
       Net net;
       return net.Finish({net.Op(OpType::kAveragePool, {net.Input({1, 1, 1, 1})},
                                 PoolParams{.window = Wide(1 << 15, (1 << 15) - 1, 1 << 15)})});
     }},
    {"StridesAndPaddingOfAllBits",
     [] {
       Net net;
       constexpr int64_t kFar = 1 << 30;
       return net.Finish(
           {net.Op(OpType::kConv, {net.Input({1, 8, 1, 1}), net.Weights({8, 8, 1, 1})},
                   ConvParams{Wide(1, kFar, kFar)})});
     }},
    {"PadsOfAnEmptyTensor",
     [] {
       Net net;
       const ValueId pads = net.Indices({0, 0, int64_t{1} << 34, 0});
       return net.Finish({net.Op(OpType::kPad, {net.Input({1, 0}), pads}, PadParams{})});
     }},
    {"AConcatOfEmptyTensors",
     [] {
       Net net;
       const ValueId x = net.Input({200'000, 0}), y = net.Input({200'000, 1});
       std::vector<ValueId> parts(2000, x);
       parts.push_back(y);
       return net.Finish({net.Op(OpType::kConcat, parts, AxisParams{1})});
     }},
    {"BytesThatAreMoved",
     [] {
       Net net;
       const ValueId x = net.Input({3'000'000, 2}, DType::kU8);
       return net.Finish({net.Op(OpType::kTranspose, {x}, TransposeParams{{1, 0}})});
     }},
    {"StacksOfEmptyMatrices",
     [] {
       Net net;
       return net.Finish({net.Op(OpType::kMatMul,
                                 {net.Input({10'000'000, 1, 0}), net.Input({10'000'000, 0, 1})})});
     }},
    {"PoolsOverManyParts", [] { return DeepPools(1000, 10'000); }},
    {"PoolsOverSomeParts", [] { return DeepPools(60, 10'000); }},
    {"BuffersThatAllLiveAtOnce",
     [] {
       Net net;
       const ValueId x = net.Input({1, 4});
       std::vector<ValueId> parts;
       for (int i = 0; i < 1200; ++i)
         parts.push_back(net.Op(OpType::kLeakyRelu, {x}, LeakyReluParams{}));
       return net.Finish({net.Op(OpType::kConcat, parts, AxisParams{1})});
     }},
    {"AddsThatCouldAllMove", AddsToMove, 2},
    {"OneValueSentOftenToWhoDoesNotRead", [] { return ManySends(200, {1, 4, 512, 512}); }, 2},
    {"FourValuesSentToWhoDoesNotRead", [] { return ManySends(4, {1, 4, 512, 256}); }, 2},
    {"EmptyValuesSent", [] { return ManySends(1, {int64_t{1} << 34, 0}); }, 2},
};

struct Caller {
  Channel node, peer;
};

Hello HelloOf(const NodeProcess& node, const std::string& shard, int nodes, KernelKind kernel) {
  static int session = 0;
  return {.session = fmt::format("hostile{}", session++),
          .nodes = nodes,
          .shard_hash = Hash(std::as_bytes(std::span(shard))),
          .shard_size = Bytes{static_cast<int64_t>(shard.size())},
          .deadline = kPatience,
          .program = {.kernel = kernel},
          .listen = std::vector<Endpoint>(static_cast<size_t>(nodes), node.endpoint())};
}

FrameHeader Frame(FrameKind kind, uint64_t size = 0) {
  return {.kind = kind, .plan_hash = kPlan, .size = size};
}

Result<Channel> OpenChannel(const NodeProcess& node, Deadline deadline) {
  DISCO_ASSIGN(auto stream, Connect(node.endpoint(), deadline));
  return Channel(std::move(stream));
}

// Opens a session as node 0; node 1, where there is one, is the test itself.
Result<Caller> Open(const NodeProcess& node, const std::string& shard, const Hello& hello) {
  const Deadline deadline = Deadline::In(kPatience);
  Caller caller;
  DISCO_ASSIGN(caller.node, OpenChannel(node, deadline));
  DISCO_TRY(caller.node.Send(Frame(FrameKind::kHello), ToJson(hello), deadline));
  DISCO_TRY(caller.node.Receive(Frame(FrameKind::kHelloReply, kMaxText), deadline));
  // What it cannot hold it refuses before it has come.
  static_cast<void>(caller.node.Send(Frame(FrameKind::kShard), shard, kPatience));
  DISCO_TRY(caller.node.Receive(Frame(FrameKind::kReady, kMaxText), deadline));
  DISCO_TRY(caller.node.Send(Frame(FrameKind::kLink), "", deadline));
  if (hello.nodes > 1) {
    const Hello other{.role = Hello::Role::kNode, .session = hello.session, .node = 1, .nodes = 2};
    DISCO_ASSIGN(caller.peer, OpenChannel(node, deadline));
    DISCO_TRY(caller.peer.Send(Frame(FrameKind::kHello), ToJson(other), deadline));
  }
  DISCO_TRY(caller.node.Receive(Frame(FrameKind::kLinked, kMaxText), deadline));
  return caller;
}

// Asks for one inference and its timeline, and waits until the node begins to answer or has had the
// time to fill its queues.
void AskOnce(Caller& caller, const Graph& shard, bool answers) {
  FrameHeader query = Frame(FrameKind::kQuery);
  query.transfer = kQueryBringsInputs | kQueryAsksTimeline;
  static_cast<void>(caller.node.Send(query, "", kPatience));
  FrameHeader input = Frame(FrameKind::kInput);
  for (const ValueId id : shard.inputs) {
    const Value& value = shard.value(id);
    const auto size = static_cast<size_t>(value.shape.elements()) * SizeOf(value.dtype);
    static_cast<void>(caller.node.Send(input, std::string(size, '\0'), kPatience));
    ++input.transfer;
  }
  constexpr Milliseconds kFill{1000};
  static_cast<void>(WaitForNews(caller.node.stream(), Deadline::In(answers ? kPatience : kFill)));
}

// What a sanitizer has resident says nothing.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
constexpr bool kMeasures = true;
#else
constexpr bool kMeasures = false;
#endif

class HostileShards : public testing::TestWithParam<KernelKind> {};

TEST_P(HostileShards, NeverTakeMoreThanTheNodeGives) {
  const NodeProcess node(0, {"--memory", std::to_string(kMemory), "--cache", "0"});
  for (const HostileShard& hostile : kShards) {
    SCOPED_TRACE(hostile.name);
    const std::string shard = hostile.make();
    const Hello hello = HelloOf(node, shard, hostile.nodes, GetParam());
    node.ForgetPeak();
    {
      auto caller = Open(node, shard, hello);
      if (caller) {
        const auto graph = ParseOnnx(std::as_bytes(std::span(shard)));
        AskOnce(*caller, *graph, hostile.nodes == 1);
      } else {
        EXPECT_EQ(caller.error().kind, ErrorKind::kPeer) << caller.error().message;
      }
      RecordProperty(hostile.name,
                     fmt::format("{} {}", node.Peak() >> 20,
                                 caller ? "runs" : caller.error().message.substr(0, 150)));
    }
    if (kMeasures) {
      EXPECT_LE(node.Peak(), kMemory + kBeside) << (node.Peak() >> 20) << " MiB";
    }
    ASSERT_TRUE(node.Alive());
  }
}

INSTANTIATE_TEST_SUITE_P(, HostileShards,
                         testing::Values(KernelKind::kOneDnn, KernelKind::kReference),
                         [](const auto& kernel) {
                           return kernel.param == KernelKind::kOneDnn ? "OneDnn" : "Reference";
                         });

}  // namespace
}  // namespace disco
