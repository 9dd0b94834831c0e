// SPDX-License-Identifier: Apache-2.0
#include "disco/graph/graph.h"

#include <gtest/gtest.h>

#include <functional>

namespace disco {
namespace {

TEST(OpTypes, AreFoundByTheirName) {
  for (int i = 0; i <= static_cast<int>(OpType::kUnsqueeze); ++i) {
    const auto type = static_cast<OpType>(i);
    EXPECT_EQ(FindOpType(Name(type)), type) << Name(type);
  }
  EXPECT_EQ(Name(OpType::kLrn), "LRN");
  EXPECT_FALSE(FindOpType("conv"));
  EXPECT_FALSE(FindOpType(""));
}

// x -> Relu a -> Add b (with x) -> MaxPool c
Graph SoundGraph() {
  Graph graph;
  const ValueId x = graph.AddValue("x", DType::kF32, {1, 2, 4});
  graph.inputs = {x};
  const ValueId a = graph.AddOp(OpType::kRelu, "a", {x});
  const ValueId b = graph.AddOp(OpType::kAdd, "b", {a, x});
  graph.outputs = {graph.AddOp(OpType::kMaxPool, "c", {b}, PoolParams{.window = {.kernel = {2}}})};
  return graph;
}

struct Damage {
  const char* name;
  std::function<void(Graph&)> apply;
  const char* named;  // what the message names
};

class Damaged : public testing::TestWithParam<Damage> {};

TEST_P(Damaged, IsRefusedByName) {
  Graph graph = SoundGraph();
  ASSERT_TRUE(Validate(graph));
  GetParam().apply(graph);
  const Status valid = Validate(graph);
  ASSERT_FALSE(valid);
  EXPECT_EQ(valid.error().kind, ErrorKind::kInvalid);
  EXPECT_NE(valid.error().message.find(GetParam().named), std::string::npos)
      << valid.error().message;
}

const Damage kDamages[] = {
    {"TwoValuesOfOneName", [](Graph& g) { g.values[1].name = "x"; }, "'x'"},
    {"UnsortedOps", [](Graph& g) { std::swap(g.ops[0], g.ops[1]); }, "op 'b'"},
    {"ACycle", [](Graph& g) { g.ops[0].inputs[0] = g.outputs[0]; }, "op 'a'"},
    {"AnOpThatReadsItself", [](Graph& g) { g.ops[1].inputs[1] = g.ops[1].outputs[0]; }, "op 'b'"},
    {"AnInputOutOfRange", [](Graph& g) { g.ops[0].inputs[0] = 99; }, "op 'a'"},
    {"AnInputFarBelow", [](Graph& g) { g.ops[0].inputs[0] = -7; }, "op 'a'"},
    {"AnOutputOutOfRange", [](Graph& g) { g.ops[0].outputs[0] = 99; }, "op 'a'"},
    {"AValueMadeTwice", [](Graph& g) { g.ops[1].outputs = g.ops[0].outputs; }, "op 'b'"},
    {"AnInputThatIsMade", [](Graph& g) { g.ops[0].outputs[0] = g.inputs[0]; }, "op 'a'"},
    {"AConstantThatIsMade",
     [](Graph& g) { g.value(g.ops[0].outputs[0]).constant = Tensor::Scalar(1); }, "op 'a'"},
    {"AMissingInput", [](Graph& g) { g.ops[1].inputs[1] = kNoValue; }, "op 'b'"},
    {"TooFewInputs", [](Graph& g) { g.ops[1].inputs.pop_back(); }, "op 'b'"},
    {"TooManyInputs", [](Graph& g) { g.ops[0].inputs.push_back(g.inputs[0]); }, "op 'a'"},
    {"NoOutput", [](Graph& g) { g.ops[0].outputs.clear(); }, "op 'a'"},
    {"AnAbsentFirstOutput", [](Graph& g) { g.ops[2].outputs = {kNoValue, 3}; }, "op 'c'"},
    {"TooManyOutputs", [](Graph& g) { g.ops[0].outputs.push_back(g.AddValue("d")); }, "op 'a'"},
    {"AnEmptyConcat", [](Graph& g) { g.ops[0] = {"e", OpType::kConcat, AxisParams{}, {}, {1}}; },
     "op 'e'"},
    {"AReceiveOfTwoInputs",
     [](Graph& g) { g.ops[0] = {"r", OpType::kReceive, ReceiveParams{}, {kNoValue, 0}, {1}}; },
     "op 'r'"},
    {"ASendThatMakes", [](Graph& g) { g.ops[0] = {"s", OpType::kSend, SendParams{}, {0}, {1}}; },
     "op 's'"},
    {"AGraphInputOutOfRange", [](Graph& g) { g.inputs[0] = 99; }, "input 99"},
    {"AGraphOutputOutOfRange", [](Graph& g) { g.outputs[0] = kNoValue; }, "output -1"},
    {"NoGraphOutput",
     [](Graph& g) {
       g.name = "deaf";
       g.outputs.clear();
     },
     "network 'deaf' has no output"},
    {"AnInputListedTwice", [](Graph& g) { g.inputs.push_back(g.inputs[0]); }, "'x'"},
    {"AnOutputNobodyMakes", [](Graph& g) { g.outputs[0] = g.AddValue("lost"); }, "'lost'"},
};
INSTANTIATE_TEST_SUITE_P(Graphs, Damaged, testing::ValuesIn(kDamages),
                         [](const auto& test) { return test.param.name; });

TEST(Graphs, AnInputMayBeAnOutput) {
  Graph graph = SoundGraph();
  graph.outputs.push_back(graph.inputs[0]);
  EXPECT_TRUE(Validate(graph));
}

TEST(Graphs, ASendMakesNothing) {
  Graph graph = SoundGraph();
  EXPECT_EQ(graph.AddOp(OpType::kSend, "send", {graph.outputs[0]}, SendParams{}), kNoValue);
  EXPECT_TRUE(graph.ops.back().outputs.empty());
  EXPECT_TRUE(Validate(graph));
}

TEST(Shards, SaySoOrSendOrReceive) {
  Graph says = SoundGraph(), sends = SoundGraph(), receives = SoundGraph();
  EXPECT_FALSE(HoldsShard(says));
  says.metadata[kShardNodeKey] = "0";
  EXPECT_TRUE(HoldsShard(says));
  sends.AddOp(OpType::kSend, "send", {sends.outputs[0]}, SendParams{});
  EXPECT_TRUE(HoldsShard(sends));
  receives.AddOp(OpType::kReceive, "receive", {}, ReceiveParams{});
  EXPECT_TRUE(HoldsShard(receives));
}

TEST(Shards, NeedNoOutput) {
  Graph graph = SoundGraph();
  graph.outputs.clear();
  graph.metadata[kShardNodeKey] = "1";
  EXPECT_TRUE(Validate(graph));
}

TEST(GraphIndexes, KnowMakersAndReaders) {
  const Graph graph = SoundGraph();
  const GraphIndex index(graph);
  EXPECT_EQ(index.producer(graph.inputs[0]), GraphIndex::kNoOp);
  EXPECT_EQ(index.producer(graph.outputs[0]), 2);
  EXPECT_EQ(index.readers(graph.inputs[0]), (std::vector<OpId>{0, 1}));
  EXPECT_TRUE(index.readers(graph.outputs[0]).empty());
}

TEST(RemoveUnused, DropsOpsValuesAndOptionalOutputsThatNobodyNeeds) {
  Graph graph = SoundGraph();
  const Graph sound = graph;
  graph.AddConstant("unread", Tensor::Scalar(1));
  const ValueId side = graph.AddOp(OpType::kRelu, "side", {graph.inputs[0]});
  graph.AddOp(OpType::kSigmoid, "side2", {side});
  graph.ops[2].outputs.push_back(graph.AddValue("indices"));
  RemoveUnused(graph);
  ASSERT_TRUE(Validate(graph));
  ASSERT_EQ(graph.ops.size(), 3u);
  ASSERT_EQ(graph.values.size(), sound.values.size());
  for (size_t i = 0; i < graph.values.size(); ++i)
    EXPECT_EQ(graph.values[i].name, sound.values[i].name);
  EXPECT_EQ(graph.ops[2].outputs.size(), 1u);
}

TEST(RemoveUnused, KeepsWhatIsNeeded) {
  Graph graph = SoundGraph();
  const ValueId unread = graph.AddValue("unread input", DType::kF32, {1});
  graph.inputs.push_back(unread);
  const ValueId indices = graph.AddValue("indices");
  graph.ops[2].outputs.push_back(indices);
  graph.outputs = {indices};
  const ValueId sent = graph.AddOp(OpType::kRelu, "sent", {graph.inputs[0]});
  graph.ops.push_back({"send", OpType::kSend, SendParams{}, {sent}, {}});
  RemoveUnused(graph);
  ASSERT_TRUE(Validate(graph));
  EXPECT_EQ(graph.ops.size(), 5u);
  EXPECT_EQ(graph.inputs.size(), 2u) << "inputs are a promise to the caller";
  EXPECT_EQ(graph.ops[2].outputs.size(), 2u) << "the first output keeps its slot";
  EXPECT_EQ(graph.value(graph.outputs[0]).name, "indices");
}

TEST(ConstantIndices, AreWholeNumbersOfEitherWidth) {
  Graph graph;
  const ValueId x = graph.AddValue("x");
  const ValueId wide = graph.AddConstant("wide", Tensor::Indices({3, -1}));
  const ValueId narrow = graph.AddConstant("narrow", Tensor::From<int32_t>({2}, {3, -1}));
  const ValueId real = graph.AddConstant("real", Tensor::Scalar(1));
  for (const ValueId id : {wide, narrow}) {
    const Op op{"r", OpType::kReshape, ReshapeParams{}, {x, id}, {}};
    EXPECT_EQ(*ConstantIndices(graph, op, 1), (std::vector<int64_t>{3, -1}));
  }
  for (const ValueId id : {real, x, kNoValue}) {
    const auto read = ConstantIndices(graph, {"r", OpType::kReshape, {}, {x, id}, {}}, 1);
    ASSERT_FALSE(read);
    EXPECT_NE(read.error().message.find("op 'r'"), std::string::npos);
  }
}

}  // namespace
}  // namespace disco
