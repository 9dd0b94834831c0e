// SPDX-License-Identifier: Apache-2.0
#include "disco/node/runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace disco {
namespace {

// Node 1 of 3, which sends its input.
Status Created(int32_t to) {
  Graph shard;
  shard.inputs = {shard.AddValue("x", DType::kF32, {1, 2, 3, 3})};
  shard.outputs = shard.inputs;
  shard.AddOp(OpType::kSend, "x@send", shard.inputs, SendParams{.to = to, .features = {0}});
  const auto runner = Runner::Create(shard, {.node = 1, .nodes = 3});
  return runner ? Status() : tl::unexpected(runner.error());
}

TEST(Runner, TakesAShardThatSendsToOtherNodes) {
  for (const int32_t to : {0, 2}) {
    const Status status = Created(to);
    EXPECT_TRUE(status) << status.error().message;
  }
}

TEST(Runner, RefusesAShardThatSendsToNobody) {
  for (const int32_t to : {-1, 1, 3, 1 << 30}) {
    const Status status = Created(to);
    ASSERT_FALSE(status) << to;
    EXPECT_EQ(status.error().kind, ErrorKind::kInvalid);
    EXPECT_THAT(status.error().message, testing::HasSubstr("op 'x@send'"));
  }
}

}  // namespace
}  // namespace disco
