// SPDX-License-Identifier: Apache-2.0
// What a shard may hold back that no cut of ours would: nothing is held while a node waits or ends.
#include "disco/node/mesh_exchange.h"

#include <gtest/gtest.h>

#include <array>
#include <thread>

#include "disco/node/patience_for_test.h"
#include "disco/transport/memory_mesh.h"

namespace disco {
namespace {

using Payload = std::array<std::byte, 4>;

SendParams HeldFor(int32_t node) { return {.to = node, .transfer = 1, .with_next = true}; }

// One of two nodes.
struct Node {
  explicit Node(Mesh& mesh)
      : exchange(mesh, held,
                 {.deadline = Patience(), .caller_waits_until = Patience(), .at_step = [] {
                    return Status();
                  }}) {}
  HeldMessages held{{}, 2};
  MeshExchange exchange;
};

TEST(MeshExchange, NothingIsHeldAtTheEnd) {
  const auto meshes = MakeMemoryMeshes(2);
  Node zero(*meshes[0]), one(*meshes[1]);
  ASSERT_TRUE(zero.exchange.Send(HeldFor(1), Payload{std::byte{7}}));
  ASSERT_TRUE(zero.exchange.Finish());
  Payload received{};
  ASSERT_TRUE(one.exchange.Receive({.from = 0, .transfer = 1}, received));
  EXPECT_EQ(received[0], std::byte{7});
}

TEST(MeshExchange, TwoNodesThatHoldForEachOtherDoNotWaitForEver) {
  const auto meshes = MakeMemoryMeshes(2);
  const auto run = [&](int32_t self) {
    Node node(*meshes[static_cast<size_t>(self)]);
    EXPECT_TRUE(node.exchange.Send(HeldFor(1 - self), Payload{}));
    Payload received{};
    const Status status = node.exchange.Receive({.from = 1 - self, .transfer = 1}, received);
    EXPECT_TRUE(status) << status.error().message;
  };
  std::thread other(run, 1);
  run(0);
  other.join();
}

}  // namespace
}  // namespace disco
