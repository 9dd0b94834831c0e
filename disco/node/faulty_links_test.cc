// SPDX-License-Identifier: Apache-2.0
// A session whose links fail: every inference ends by its deadline, with the right answer or with
// an error that names a node.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "disco/node/caller.h"
#include "disco/node/runner.h"
#include "disco/plan/make_plan.h"
#include "disco/plan/sketch_for_test.h"
#include "disco/shard/cut_for_test.h"
#include "disco/transport/faulty_mesh.h"
#include "disco/transport/memory_mesh.h"

namespace disco {
namespace {

using testing::HasSubstr;

constexpr int kNodes = 3;
constexpr Milliseconds kDeadline{500};

struct ThreeLayers {
  ThreeLayers() {
    Sketch sketch;
    ValueId x = sketch.Input({1, 6, 5, 5});
    for (const char* name : {"a", "b", "c"}) x = sketch.Conv(name, x, 6);
    graph = sketch.Finish({x});
    plan = *MakePlan(graph, {.nodes = kNodes, .sparsity = 0.3});
    cut = *CutFor(graph, plan);
  }
  Graph graph;
  Plan plan;
  Cut cut;
  std::vector<Tensor> inputs = {NormalTensor("x", {1, 6, 5, 5})};
};

// Up to `inferences` of one session; the first error ends it.
Result<std::vector<Tensor>> InferOver(const ThreeLayers& network, const Faults& faults,
                                      int inferences) {
  auto meshes = MakeMemoryMeshes(kNodes + 1, {"node 0", "node 1", "node 2", "the caller"});
  for (PeerId self = 0; self <= kNodes; ++self) {
    auto& mesh = meshes[static_cast<size_t>(self)];
    mesh = MakeFaultyMesh(std::move(mesh),
                          {.faults = faults, .self = self, .faulty_peers = kNodes + 1});
  }
  std::vector<std::jthread> nodes;
  for (NodeId node = 0; node < kNodes; ++node) {
    DISCO_ASSIGN(Runner made, Runner::Create(network.cut.shards[static_cast<size_t>(node)],
                                             {.node = node,
                                              .nodes = kNodes,
                                              .plan_hash = network.cut.plan_hash,
                                              .deadline = kDeadline * kNodeDeadlineShare}));
    nodes.emplace_back(
        [runner = std::move(made), &mesh = *meshes[static_cast<size_t>(node)]]() mutable {
          const auto go_on = [] { return Status(); };
          static_cast<void>(runner.Serve(mesh, {go_on, go_on}));
          mesh.Shutdown();
        });
  }
  Caller caller(network.graph, network.cut, kDeadline);
  auto outputs = caller.Infer(*meshes.back(), network.inputs);
  for (int i = 1; i < inferences && outputs; ++i)
    outputs = caller.Infer(*meshes.back(), network.inputs);
  for (auto& mesh : meshes) mesh->Shutdown();
  return outputs;
}

class LinksWithFaults : public testing::TestWithParam<Faults> {};
INSTANTIATE_TEST_SUITE_P(All, LinksWithFaults,
                         testing::Values(Faults{.drop = 0.02}, Faults{.cut = 0.02},
                                         Faults{.drop = 0.01,
                                                .delay = 0.1,
                                                .cut = 0.01,
                                                .longest_delay = Milliseconds(5)}));

TEST_P(LinksWithFaults, GiveTheRightAnswerOrAnErrorThatNamesANode) {
  const ThreeLayers network;
  const auto right = InferOver(network, {}, 1);
  ASSERT_TRUE(right) << right.error().message;
  int answers = 0, errors = 0;
  for (uint64_t seed = 0; seed < 12; ++seed) {
    Faults faults = GetParam();
    faults.seed = seed;
    const auto outputs = InferOver(network, faults, 2);
    if (!outputs) {
      ++errors;
      EXPECT_THAT(outputs.error().message, HasSubstr("node ")) << "seed " << seed;
      continue;
    }
    ++answers;
    EXPECT_TRUE(std::ranges::equal(outputs->at(0).bytes(), right->at(0).bytes()))
        << "seed " << seed;
  }
  EXPECT_GT(answers, 0);
  EXPECT_GT(errors, 0);
}

// A payload has no checksum of its own: what is damaged on the way may be an answer that is wrong.
TEST(FaultyLinks, DamagedMessagesEndEveryInference) {
  const ThreeLayers network;
  for (uint64_t seed = 0; seed < 12; ++seed) {
    const auto outputs = InferOver(network, {.corrupt = 0.05, .seed = seed}, 2);
    if (outputs) continue;
    EXPECT_THAT(outputs.error().message, HasSubstr("node ")) << "seed " << seed;
  }
}

TEST(FaultyLinks, LateMessagesChangeNoAnswer) {
  const ThreeLayers network;
  const Faults late{.delay = 0.2, .longest_delay = Milliseconds(3)};
  const auto right = InferOver(network, {}, 1);
  const auto outputs = InferOver(network, late, 3);
  ASSERT_TRUE(right);
  ASSERT_TRUE(outputs) << outputs.error().message;
  EXPECT_TRUE(std::ranges::equal(outputs->at(0).bytes(), right->at(0).bytes()));
}

}  // namespace
}  // namespace disco
