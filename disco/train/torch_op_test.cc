// SPDX-License-Identifier: Apache-2.0
#include "disco/train/torch_op.h"
#include "disco/op/op_def.h"

#include <gmock/gmock.h>

#include <map>
#include <string_view>

namespace disco {
namespace {

TEST(TorchOpTest, EveryOpCanBeTrainedOrThereIsAReasonWhyNot) {
  const std::map<OpType, std::string_view> inference_only = {
      {OpType::kReceive, "stands in shards only; the whole network is trained"},
      {OpType::kSplit, "has several outputs"},
      {OpType::kSend, "stands in shards only; the whole network is trained"},
  };
  for (const OpDef& def : AllOps())
    EXPECT_NE(CanBeTrained(def.type), inference_only.contains(def.type)) << def.name;
}

TEST(TorchOpTest, AnExchangeIsRefusedWithWhatToDo) {
  Graph graph;
  graph.inputs = {graph.AddValue("x", DType::kF32, {2, 3})};
  graph.ops.push_back({"send", OpType::kSend, SendParams{.features = {0}}, graph.inputs, {}});
  const auto made = MakeTorchOp(graph, graph.ops[0]);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind, ErrorKind::kUnsupported);
  EXPECT_THAT(made.error().message, testing::HasSubstr("'send'"));
  EXPECT_THAT(made.error().message, testing::HasSubstr("train the whole network and cut it"));
}

}  // namespace
}  // namespace disco
