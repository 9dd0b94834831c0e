// SPDX-License-Identifier: Apache-2.0
// What a shard looks like. That shards compute what the network computes is
// tests/nodes_equal_one_test.cc.
#include "disco/shard/cut_for_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "disco/onnx/onnx.h"
#include "disco/op/infer_shapes.h"
#include "disco/op/op_name.h"
#include "disco/op/work.h"
#include "disco/plan/branches_for_test.h"
#include "disco/plan/make_plan.h"
#include "disco/plan/sketch_for_test.h"
#include "disco/zoo/zoo.h"

namespace disco {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Cut MustCut(const Graph& graph, const Plan& plan) {
  auto cut = CutFor(graph, plan);
  EXPECT_TRUE(cut) << cut.error().message;
  return std::move(*cut);
}

std::vector<std::string> OpNames(const Graph& graph) {
  std::vector<std::string> names;
  for (const Op& op : graph.ops) names.push_back(fmt::format("{} {}", Name(op.type), op.name));
  return names;
}

const Op& FindOp(const Graph& graph, const std::string& name) {
  const auto op = std::ranges::find(graph.ops, name, &Op::name);
  EXPECT_NE(op, graph.ops.end()) << name;
  return *op;
}

bool Travels(const Op& op) { return op.type == OpType::kSend || op.type == OpType::kReceive; }

// Two layers: a has features 0 1 | 2 3, b has 0 1 | 2 3; node 0 reads 3, node 1 reads 0 and 1.
struct TwoLayers {
  explicit TwoLayers(MixingCall call = MixingCall::kSplit) {
    Sketch sketch;
    const ValueId a = sketch.Conv("a", sketch.Input({1, 3, 4, 4}), 4, {.bias = true});
    graph = sketch.Finish({sketch.Conv("b", a, 4, {.kernel = 3, .bias = true})});
    plan = *MakePlan(graph, {.nodes = 2});
    plan.values["a"].kept = {{3}, {0, 1}};
    plan.values["a"].call = call;
    cut = MustCut(graph, plan);
  }
  Graph graph;
  Plan plan;
  Cut cut;
};

TEST(Cut, OpsStandInTheOrderThatOverlaps) {
  const TwoLayers net;
  EXPECT_THAT(OpNames(net.cut.shards[0]),
              ElementsAre("Conv a", "Send a@send1", "Conv b@local", "Receive a@received",
                          "Conv b@foreign", "Add b"));
  EXPECT_THAT(OpNames(net.cut.shards[1]),
              ElementsAre("Conv a", "Send a@send0", "Conv b@local", "Receive a@received",
                          "Conv b@foreign", "Add b"));
}

std::vector<int32_t> TransfersOf(const Cut& cut, OpType type) {
  std::vector<int32_t> ids;
  for (const Graph& shard : cut.shards) {
    for (const Op& op : shard.ops) {
      if (op.type != type) continue;
      if (type == OpType::kSend) ids.push_back(op.as<SendParams>().transfer);
      if (type == OpType::kSend) continue;
      for (const auto& source : op.as<ReceiveParams>().sources) ids.push_back(source.transfer);
    }
  }
  std::ranges::sort(ids);
  return ids;
}

// `scores` runs whole, and only node 1 owns some of what a Concat makes of it.
TEST(Cut, AnInputOfAConcatIsMadeOnlyWhereSomeOfItIsOwned) {
  Sketch sketch;
  const ValueId a = sketch.Gemm("a", sketch.Input({1, 6}), 4);
  const ValueId scores = sketch.Op(OpType::kSoftmax, "scores", {a}, SoftmaxParams{});
  const ValueId b = sketch.Gemm("b", sketch.Input({1, 6}, "other"), 4);
  const Graph graph =
      sketch.Finish({sketch.Op(OpType::kConcat, "both", {scores, b}, AxisParams{1})});
  Plan plan = *MakePlan(graph, {.nodes = 2});
  std::fill_n(plan.values["both"].owner.begin(), 4, 1);
  const Cut cut = MustCut(graph, plan);
  EXPECT_FALSE(TransfersOf(cut, OpType::kSend).empty());
  EXPECT_EQ(TransfersOf(cut, OpType::kSend), TransfersOf(cut, OpType::kReceive));
  EXPECT_TRUE(std::ranges::none_of(cut.shards[0].ops, [](const Op& op) {
    return op.type == OpType::kSoftmax || op.type == OpType::kReceive;
  }));
}

// An addend of higher rank puts an axis in front of the batch, which the Reshape takes away again.
TEST(Cut, AReshapeWritesTheBatchWhereItsInputHasAnotherFirstAxis) {
  Sketch sketch;
  const ValueId a = sketch.Conv("a", sketch.Input({3, 3, 2, 2}), 4);
  const ValueId sum = sketch.Op(OpType::kAdd, "sum", {a, sketch.Constant("b", {1, 3, 4, 2, 2})});
  const ValueId target = sketch.Indices("target", {3, 8, 2});
  const Graph graph =
      sketch.Finish({sketch.Op(OpType::kReshape, "y", {sum, target}, ReshapeParams{})});
  const Cut cut = MustCut(graph, *MakePlan(graph, {.nodes = 2}));
  for (const Graph& shard : cut.shards)
    EXPECT_EQ(shard.value(FindOp(shard, "y").outputs[0]).shape, (Shape{3, 4, 2}));
}

TEST(Cut, AFusedCallReadsOwnAndForeignFeaturesTogether) {
  const TwoLayers net(MixingCall::kFused);
  EXPECT_THAT(OpNames(net.cut.shards[0]),
              ElementsAre("Conv a", "Send a@send1", "Receive a@joined", "Conv b"));
  const Op& receive = FindOp(net.cut.shards[1], "a@joined");
  EXPECT_EQ(receive.as<ReceiveParams>().shape, (Shape{1, 4, 4, 4}));
  EXPECT_EQ(net.cut.shards[1].value(receive.inputs[0]).name, "a");
  const Tensor& weights = *net.cut.shards[1].ConstantInput(FindOp(net.cut.shards[1], "b"), 1);
  const Tensor& whole = *net.graph.value(IdOf(net.graph, "b.w")).constant;
  ASSERT_EQ(weights.shape(), (Shape{2, 4, 3, 3}));
  for (const auto& [position, feature] : {std::pair(0, 2), {1, 3}, {2, 0}, {3, 1}}) {
    for (int64_t tap = 0; tap < 9; ++tap) {
      EXPECT_EQ(weights.Data<float>()[static_cast<size_t>(position * 9 + tap)],
                whole.Data<float>()[static_cast<size_t>((2 * 4 + feature) * 9 + tap)]);
    }
  }
}

TEST(Cut, SendsAndReceivesAreTheTraffic) {
  const TwoLayers net;
  const auto& sent = FindOp(net.cut.shards[0], "a@send1").as<SendParams>();
  EXPECT_EQ(sent.to, 1);
  EXPECT_EQ(sent.axis, 1);
  EXPECT_THAT(sent.features, ElementsAre(0, 1));
  const auto& other = FindOp(net.cut.shards[1], "a@send0").as<SendParams>();
  EXPECT_THAT(other.features, ElementsAre(1)) << "positions among the node's own features";
  const auto& received = FindOp(net.cut.shards[1], "a@received").as<ReceiveParams>();
  ASSERT_EQ(received.sources.size(), 1u);
  EXPECT_EQ(received.sources[0].from, 0);
  EXPECT_EQ(received.sources[0].transfer, sent.transfer);
  EXPECT_EQ(received.sources[0].features, 2);
  EXPECT_EQ(received.shape, (Shape{1, 2, 4, 4}));
}

TEST(Cut, WeightsAreTheNetworksAndTheBiasIsAddedOnce) {
  const TwoLayers net;
  const Tensor& weights = *net.graph.value(IdOf(net.graph, "b.w")).constant;
  for (NodeId node = 0; node < 2; ++node) {
    const Graph& shard = net.cut.shards[static_cast<size_t>(node)];
    const Op &local = FindOp(shard, "b@local"), &foreign = FindOp(shard, "b@foreign");
    const auto outputs = net.plan.Find("b")->Owned(node);
    const auto own = net.plan.Find("a")->Owned(node);
    const auto& kept = net.plan.Find("a")->kept[static_cast<size_t>(node)];
    const auto expect_slice = [&](const Op& op, const std::vector<int64_t>& inputs) {
      const Tensor& slice = *shard.ConstantInput(op, 1);
      ASSERT_EQ(slice.shape(), (Shape{2, static_cast<int64_t>(inputs.size()), 3, 3}));
      size_t at = 0;
      for (const int64_t output : outputs) {
        for (const int64_t input : inputs) {
          for (int64_t tap = 0; tap < 9; ++tap, ++at)
            ASSERT_EQ(slice.Data<float>()[at],
                      weights.Data<float>()[static_cast<size_t>((output * 4 + input) * 9 + tap)]);
        }
      }
    };
    expect_slice(local, own);
    expect_slice(foreign, kept);
    ASSERT_TRUE(local.HasInput(2));
    EXPECT_EQ(shard.ConstantInput(local, 2)->shape(), (Shape{2}));
    EXPECT_FALSE(foreign.HasInput(2));
  }
}

TEST(Cut, OutputsSayWhichFeaturesComeFromWhere) {
  const TwoLayers net;
  ASSERT_EQ(net.cut.outputs.size(), 1u);
  const OutputSource& source = net.cut.outputs[0];
  EXPECT_EQ(source.axis, 1);
  ASSERT_EQ(source.parts.size(), 2u);
  EXPECT_EQ(source.parts[1].node, 1);
  EXPECT_EQ(source.parts[1].shard_output, 0u);
  EXPECT_THAT(source.parts[1].features, ElementsAre(2, 3));
  EXPECT_THAT(net.cut.inputs, Each(ElementsAre(0)));
}

TEST(Cut, ShardsCarryTheirPlaceAndThePlansHash) {
  const TwoLayers net;
  EXPECT_EQ(net.cut.plan_hash, Hash(net.plan));
  const auto& metadata = net.cut.shards[1].metadata;
  EXPECT_EQ(metadata.at("disco.node"), "1");
  EXPECT_EQ(metadata.at("disco.nodes"), "2");
  EXPECT_EQ(metadata.at("disco.plan"), HashText(net.cut.plan_hash));
}

TEST(Cut, OneNodeHasNeitherSendNorReceive) {
  const Graph graph = *MakeZooNetwork({.name = "resnet8"});
  const Cut cut = MustCut(graph, SingleNodePlan(graph));
  EXPECT_THAT(cut.traffic, IsEmpty());
  EXPECT_TRUE(std::ranges::none_of(cut.shards[0].ops, Travels));
  EXPECT_EQ(MacsOf(cut.shards[0]), MacsOf(graph));
}

TEST(Cut, BranchesHaveNeitherSendNorReceive) {
  const Graph graph = *MakeZooNetwork({.name = "resnet8"});
  const Plan plan = *MakePlan(graph, {.nodes = 3, .method = {Method::kBranches, ""}});
  const Cut cut = MustCut(graph, plan);
  for (const Graph& shard : cut.shards) {
    EXPECT_TRUE(std::ranges::none_of(shard.ops, Travels));
  }
}

TEST(Cut, NoShardHoldsWhatItDoesNotNeed) {
  const Graph graph = *MakeZooNetwork({.name = "resnet20"});
  const Cut cut = MustCut(graph, *MakePlan(graph, {.nodes = 4, .sparsity = 0.95}));
  for (const Graph& shard : cut.shards) {
    std::vector<bool> read(shard.values.size(), false);
    for (const Op& op : shard.ops) {
      for (const ValueId input : op.inputs) {
        if (input != kNoValue) read[static_cast<size_t>(input)] = true;
      }
    }
    for (const ValueId output : shard.outputs) read[static_cast<size_t>(output)] = true;
    for (size_t value = 0; value < read.size(); ++value)
      EXPECT_TRUE(read[value]) << shard.name << ": " << shard.values[value].name;
  }
}

// Sums of a node's slices over all nodes: of a dense plan every weight is held exactly once.
TEST(Cut, ShardsOfADensePlanCoverEachWeightOnce) {
  const Graph graph = *MakeZooNetwork({.name = "resnet8"});
  const Plan plan = *MakePlan(graph, {.nodes = 3, .method = {Method::kDense, ""}});
  const Cut cut = MustCut(graph, plan), whole = MustCut(graph, SingleNodePlan(graph));
  const auto elements = [](const Graph& shard) {
    std::vector<float> all;
    for (const Op& op : shard.ops) {
      if (op.type != OpType::kConv && op.type != OpType::kGemm) continue;
      for (size_t slot = 1; slot < op.inputs.size(); ++slot) {
        const auto data = shard.ConstantInput(op, slot)->Data<float>();
        all.insert(all.end(), data.begin(), data.end());
      }
    }
    return all;
  };
  std::vector<float> held, expected = elements(whole.shards[0]);
  for (const Graph& shard : cut.shards) {
    const auto part = elements(shard);
    held.insert(held.end(), part.begin(), part.end());
  }
  ASSERT_EQ(held.size(), expected.size());
  std::ranges::sort(held);
  std::ranges::sort(expected);
  EXPECT_EQ(held, expected);
}

TEST(Cut, TheStrideHasBeenTakenBeforeTheFeaturesTravel) {
  Sketch sketch;
  const ValueId a = sketch.Conv("a", sketch.Input({1, 3, 5, 5}), 4);
  const Graph graph = sketch.Finish({sketch.Conv("b", a, 4, {.stride = 2})});
  const Cut cut = MustCut(graph, *MakePlan(graph, {.nodes = 2}));
  const Graph& shard = cut.shards[0];
  EXPECT_THAT(FindOp(shard, "a@send1").as<SendParams>().stride, ElementsAre(2, 2));
  EXPECT_EQ(FindOp(shard, "a@received").as<ReceiveParams>().shape, (Shape{1, 2, 3, 3}));
  EXPECT_THAT(FindOp(shard, "b@local").as<ConvParams>().window.strides, ElementsAre(2, 2));
  EXPECT_THAT(FindOp(shard, "b@foreign").as<ConvParams>().window.strides, IsEmpty());
}

TEST(Cut, WrittenShardsReadBackEqual) {
  const TwoLayers net;
  const Path folder = Path(testing::TempDir()) / "disco_cut_test";
  const auto paths = WriteShards(net.cut, folder);
  ASSERT_TRUE(paths) << paths.error().message;
  ASSERT_EQ(paths->size(), 2u);
  for (size_t node = 0; node < 2; ++node) {
    EXPECT_EQ((*paths)[node].filename(), fmt::format("node-{}.onnx", node));
    auto shard = ReadOnnx((*paths)[node]);
    ASSERT_TRUE(shard) << shard.error().message;
    ASSERT_TRUE(InferShapes(*shard));
    EXPECT_TRUE(*SerializeOnnx(*shard) == *SerializeOnnx(net.cut.shards[node]));
  }
  std::filesystem::remove_all(folder);
}

TEST(Cut, ShardsOfAnEarlierCutForMoreNodesAreRemoved) {
  const TwoLayers net;
  const Path folder = Path(testing::TempDir()) / "disco_recut_test";
  ASSERT_TRUE(MakeFolder(folder / "node-4.onnx"));  // a folder is not ours
  const Graph& shard = net.cut.shards[0];
  for (const char* name : {"node-1.onnx", "node-2.onnx", "node-02.onnx", "node-2.onnx.old"})
    ASSERT_TRUE(WriteOnnx(shard, folder / name));
  ASSERT_TRUE(WriteOnnx(shard, folder / "node-13.onnx", {.external_data = true}));
  ASSERT_TRUE(WriteOnnx(net.graph, folder / "node-5.onnx"));
  for (const char* name : {"node-9.onnx", "node-2.onnx.data", "node-x.onnx"})
    ASSERT_TRUE(WriteFile(folder / name, "x"));
  const auto paths = WriteShards(net.cut, folder);
  ASSERT_TRUE(paths) << paths.error().message;
  std::vector<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    left.push_back(entry.path().filename());
  EXPECT_THAT(left,
              testing::UnorderedElementsAre("node-0.onnx", "node-1.onnx", "node-02.onnx",
                                            "node-2.onnx.old", "node-4.onnx", "node-5.onnx",
                                            "node-9.onnx", "node-2.onnx.data", "node-x.onnx"));
  std::filesystem::remove_all(folder);
}

TEST(Cut, WhatIsNoShardIsNotWrittenOver) {
  const TwoLayers net;
  const Path folder = Path(testing::TempDir()) / "disco_cut_over_test";
  ASSERT_TRUE(WriteFile(folder / "node-1.onnx", "a user's own"));
  const auto paths = WriteShards(net.cut, folder);
  ASSERT_FALSE(paths);
  EXPECT_THAT(paths.error().message, HasSubstr("node-1.onnx"));
  EXPECT_EQ(*ReadFile(folder / "node-1.onnx"), "a user's own");
  EXPECT_FALSE(std::filesystem::exists(folder / "node-0.onnx")) << "half a cut was written";
  std::filesystem::remove_all(folder);
}

TEST(Cut, WeightsBesideNoShardAreNotWrittenOver) {
  const TwoLayers net;
  const Path folder = Path(testing::TempDir()) / "disco_cut_data_test";
  ASSERT_TRUE(WriteFile(folder / "node-0.onnx.data", "a user's own"));
  EXPECT_FALSE(WriteShards(net.cut, folder));
  EXPECT_EQ(*ReadFile(folder / "node-0.onnx.data"), "a user's own");
  std::filesystem::remove_all(folder);
}

TEST(Cut, APlanThatLeavesANodeNothingToReadIsRefused) {
  Sketch sketch;
  const ValueId a = sketch.Conv("a", sketch.Input({1, 3, 4, 4}), 2);
  const Graph graph = sketch.Finish({sketch.Conv("b", a, 6)});
  Plan plan = *MakePlan(graph, {.nodes = 3});
  for (auto& kept : plan.values["a"].kept) kept.clear();
  const auto cut = CutFor(graph, plan);
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().kind, ErrorKind::kInvalid);
  EXPECT_THAT(cut.error().message, HasSubstr("op 'b'"));
}

TEST(Cut, AWholeOpNeedsAllOfItsInput) {
  Sketch sketch;
  const ValueId a = sketch.Conv("a", sketch.Input({1, 3, 4, 4}), 4);
  const Graph graph = sketch.Finish({sketch.Op(OpType::kLrn, "lrn", {a}, LrnParams{.size = 3})});
  Plan plan = *MakePlan(graph, {.nodes = 2});
  plan.values["a"].kept[0].pop_back();
  const auto cut = CutFor(graph, plan);
  ASSERT_FALSE(cut);
  EXPECT_THAT(cut.error().message, HasSubstr("op 'lrn'"));
  EXPECT_THAT(cut.error().message, HasSubstr("all of 'a'"));
}

TEST(Cut, ANodeSendsWhatItCanBeforeItWaits) {
  const Graph graph = Branches();
  const auto cut = CutFor(graph, *MakePlan(graph, {.nodes = 2, .sparsity = 0.5}));
  ASSERT_TRUE(cut) << cut.error().message;
  for (const Graph& shard : cut->shards) {
    std::string travels;
    for (const Op& op : shard.ops) {
      if (op.type == OpType::kSend) travels += 's';
      if (op.type == OpType::kReceive) travels += 'r';
    }
    // Sent: in, pool. Received: in. Sent: both squeezes. Received: pool, both squeezes...
    EXPECT_EQ(travels, "ssrssrrrsr") << shard.name;
  }
}

TEST(Cut, APlanForAnotherNetworkIsRefused) {
  const TwoLayers net;
  const Graph other = *MakeZooNetwork({.name = "resnet8"});
  EXPECT_FALSE(CutFor(other, net.plan));
}

}  // namespace
}  // namespace disco
