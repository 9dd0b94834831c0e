// SPDX-License-Identifier: Apache-2.0
#include "disco/shard/with_next.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace disco {
namespace {

using testing::ElementsAre;

class Sequence {
 public:
  Sequence& Send(int32_t to) {
    graph_.AddOp(OpType::kSend, "send", {}, SendParams{.to = to, .with_next = true});
    return *this;
  }
  Sequence& Receive() {
    graph_.AddOp(OpType::kReceive, "receive", {}, ReceiveParams{});
    return *this;
  }
  // Of each Send, whether it still waits for the next.
  std::vector<bool> Held() {
    KeepFollowed(graph_);
    std::vector<bool> held;
    for (const Op& op : graph_.ops) {
      if (op.type == OpType::kSend) held.push_back(op.as<SendParams>().with_next);
    }
    return held;
  }

 private:
  Graph graph_;
};

TEST(WithNext, TheNextSendToTheSameNodeIsWaitedFor) {
  EXPECT_THAT(Sequence().Send(1).Send(2).Send(1).Held(), ElementsAre(true, false, false));
  EXPECT_THAT(Sequence().Send(1).Send(1).Send(1).Held(), ElementsAre(true, true, false));
}

TEST(WithNext, NotWhenTheNodeWaitsBefore) {
  EXPECT_THAT(Sequence().Send(1).Receive().Send(1).Send(1).Held(), ElementsAre(false, true, false));
}

}  // namespace
}  // namespace disco
