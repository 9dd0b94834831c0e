// SPDX-License-Identifier: Apache-2.0
#include "disco/op/validate.h"

#include <gtest/gtest.h>

#include <functional>

#include "disco/graph/sound_graph_for_test.h"

namespace disco {
namespace {

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

TEST(Graphs, AreSoundAfterWhatNobodyNeedsIsRemoved) {
  Graph graph = SoundGraph();
  graph.AddOp(OpType::kSigmoid, "side", {graph.inputs[0]});
  graph.ops[2].outputs.push_back(graph.AddValue("indices"));
  RemoveUnused(graph);
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

}  // namespace
}  // namespace disco
