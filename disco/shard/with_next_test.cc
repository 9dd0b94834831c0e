// SPDX-License-Identifier: Apache-2.0
#include "disco/shard/with_next.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace disco {
namespace {

using testing::ElementsAre;

class Sequence {
 public:
  Sequence& Send(int32_t to, Bytes size = {100}) {
    const auto id = static_cast<int32_t>(traffic_.size());
    traffic_.push_back({.id = id, .to = to, .size = size});
    graph_.AddOp(OpType::kSend, "send", {},
                 SendParams{.to = to, .transfer = id, .with_next = true});
    return *this;
  }
  Sequence& Receive() {
    graph_.AddOp(OpType::kReceive, "receive", {}, ReceiveParams{});
    return *this;
  }
  // Of each Send, whether it still waits for the next.
  std::vector<bool> Held() {
    KeepFollowed(graph_, traffic_);
    std::vector<bool> held;
    for (const Op& op : graph_.ops) {
      if (op.type == OpType::kSend) held.push_back(op.as<SendParams>().with_next);
    }
    return held;
  }

 private:
  Graph graph_;
  std::vector<Transfer> traffic_;
};

TEST(WithNext, TheNextSendToTheSameNodeIsWaitedFor) {
  EXPECT_THAT(Sequence().Send(1).Send(2).Send(1).Held(), ElementsAre(true, false, false));
  EXPECT_THAT(Sequence().Send(1).Send(1).Send(1).Held(), ElementsAre(true, true, false));
}

TEST(WithNext, NotWhenTheNodeWaitsBefore) {
  EXPECT_THAT(Sequence().Send(1).Receive().Send(1).Send(1).Held(), ElementsAre(false, true, false));
}

TEST(WithNext, NotWhatIsTooLongToHold) {
  EXPECT_THAT(Sequence().Send(1, kMostHeld + Bytes{1}).Send(1, kMostHeld).Send(1).Held(),
              ElementsAre(false, true, false));
}

}  // namespace
}  // namespace disco
