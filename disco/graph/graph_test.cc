// SPDX-License-Identifier: Apache-2.0
#include "disco/graph/graph.h"

#include <gtest/gtest.h>

#include "disco/graph/sound_graph_for_test.h"

namespace disco {
namespace {

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
  EXPECT_EQ(graph.ops.size(), 5u);
  EXPECT_EQ(graph.inputs.size(), 2u) << "inputs are a promise to the caller";
  EXPECT_EQ(graph.ops[2].outputs.size(), 2u) << "the first output keeps its slot";
  EXPECT_EQ(graph.value(graph.outputs[0]).name, "indices");
}

}  // namespace
}  // namespace disco
