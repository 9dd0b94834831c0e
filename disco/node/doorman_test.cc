// SPDX-License-Identifier: Apache-2.0
// Strangers at the door, over loopback. Deadlines here only end a test that hangs.
#include "disco/node/doorman.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <thread>

#include "disco/node/lobby.h"
#include "disco/node/message.h"
#include "disco/node/patience_for_test.h"

namespace disco {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

const auto kGoOn = [] { return Status(); };

class Door : public testing::Test {
 protected:
  Door() {
    auto listener = Listen({"127.0.0.1", 0});
    EXPECT_TRUE(listener) << listener.error().message;
    port_ = *LocalPort(*listener);
    doorman_.emplace(std::move(*listener),
                     [this](const std::string& why) { refusals_.push_back(why); });
  }

  Socket Knock() const {
    auto socket = Connect({"127.0.0.1", port_}, Patience());
    EXPECT_TRUE(socket) << socket.error().message;
    return std::move(*socket);
  }

  // Attends until somebody is let in or sent away.
  void AttendUntilNews() {
    const size_t before = visitors_.size() + refusals_.size();
    const Deadline deadline = Patience();
    while (visitors_.size() + refusals_.size() == before && !deadline.Passed()) {
      auto visitors = doorman_->Attend(Milliseconds(10));
      ASSERT_TRUE(visitors) << visitors.error().message;
      std::ranges::move(*visitors, std::back_inserter(visitors_));
    }
  }

  void ExpectRefused(const Socket& socket, const std::string& why) {
    AttendUntilNews();
    ASSERT_EQ(refusals_.size(), 1u);
    EXPECT_THAT(refusals_[0], HasSubstr(why));
    EXPECT_THAT(refusals_[0], HasSubstr("127.0.0.1"));
    const auto told =
        ReceiveMessage(socket, {.kind = FrameKind::kHelloReply, .size = kMaxText}, Patience());
    ASSERT_FALSE(told);
    EXPECT_THAT(told.error().message, HasSubstr(why));
  }

  uint16_t port_ = 0;
  std::optional<Doorman> doorman_;
  std::vector<Visitor> visitors_;
  std::vector<std::string> refusals_;
};

const Hello kNodeHello{.role = Hello::Role::kNode, .session = "5e55", .node = 1, .nodes = 3};

TEST_F(Door, AHelloIsLetIn) {
  const Socket socket = Knock();
  ASSERT_TRUE(SendMessage(socket, {.kind = FrameKind::kHello, .plan_hash = 42}, ToJson(kNodeHello),
                          Patience()));
  AttendUntilNews();
  ASSERT_EQ(visitors_.size(), 1u);
  EXPECT_EQ(visitors_[0].hello.session, "5e55");
  EXPECT_EQ(visitors_[0].hello.node, 1);
  EXPECT_EQ(visitors_[0].hello.plan_hash, 42u);
  EXPECT_THAT(refusals_, IsEmpty());
}

TEST_F(Door, AHelloMayComeInPiecesAndTakesNothingOfWhatFollows) {
  const Socket socket = Knock();
  const std::string text = ToJson(kNodeHello);
  const auto frame = EncodeFrame({.kind = FrameKind::kHello, .size = text.size()});
  std::vector<std::byte> bytes(frame.begin(), frame.end());
  const auto payload = std::as_bytes(std::span(text));
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  for (const std::byte byte : bytes) {
    ASSERT_TRUE(SendAll(socket, {&byte, 1}, Patience()));
    auto visitors = doorman_->Attend(Milliseconds(0));
    ASSERT_TRUE(visitors);
    std::ranges::move(*visitors, std::back_inserter(visitors_));
  }
  ASSERT_TRUE(SendAll(socket, std::as_bytes(std::span("next", 4)), Patience()));
  if (visitors_.empty()) AttendUntilNews();
  ASSERT_EQ(visitors_.size(), 1u);
  std::array<std::byte, 4> next;
  EXPECT_TRUE(ReceiveAll(visitors_[0].socket, next, Patience()));
  EXPECT_EQ(next[0], std::byte{'n'});
}

TEST_F(Door, NoiseIsToldSo) {
  const Socket socket = Knock();
  const std::array<std::byte, kFrameSize> noise{};
  ASSERT_TRUE(SendAll(socket, noise, Patience()));
  ExpectRefused(socket, "disco");
}

TEST_F(Door, AnotherKindOfFrameIsRefused) {
  const Socket socket = Knock();
  ASSERT_TRUE(SendAll(socket, EncodeFrame({.kind = FrameKind::kShard, .size = 5}), Patience()));
  ExpectRefused(socket, "instead of a hello");
}

TEST_F(Door, AHelloThatIsTooLongIsRefusedBeforeItComes) {
  const Socket socket = Knock();
  ASSERT_TRUE(SendAll(socket, EncodeFrame({.kind = FrameKind::kHello, .size = uint64_t{1} << 60}),
                      Patience()));
  ExpectRefused(socket, "instead of a hello");
}

TEST_F(Door, AnEmptyHelloIsRefused) {
  const Socket socket = Knock();
  ASSERT_TRUE(SendAll(socket, EncodeFrame({.kind = FrameKind::kHello}), Patience()));
  ExpectRefused(socket, "instead of a hello");
}

TEST_F(Door, AHelloThatMakesNoSenseIsRefused) {
  const Socket socket = Knock();
  ASSERT_TRUE(SendMessage(socket, {.kind = FrameKind::kHello}, "{\"role\":\"node\"}", Patience()));
  ExpectRefused(socket, "hello message");
}

// More silent strangers than there are places; when they go, the next one gets in.
TEST_F(Door, ACrowdDoesNotKeepTheNextOneOut) {
  {
    std::vector<Socket> crowd;
    for (size_t i = 0; i < Doorman::kMaxWaiting + 8; ++i) {
      crowd.push_back(Knock());
      const auto visitors = doorman_->Attend(Milliseconds(0));
      ASSERT_TRUE(visitors) << visitors.error().message;
      EXPECT_THAT(*visitors, IsEmpty());
    }
  }
  const Socket socket = Knock();
  ASSERT_TRUE(SendMessage(socket, {.kind = FrameKind::kHello}, ToJson(kNodeHello), Patience()));
  AttendUntilNews();
  EXPECT_EQ(visitors_.size(), 1u);
}

TEST(Lobby, GivesTheLinkThatIsAskedFor) {
  Lobby lobby;
  for (const int from : {1, 2, 3}) {
    lobby.Enter({Socket(),
                 {.role = Hello::Role::kNode, .session = "a", .node = from, .to = 0, .nodes = 4}});
  }
  EXPECT_TRUE(lobby.Fetch({"a", 1, 0}, Patience(), kGoOn));
  const Deadline soon = Deadline::In(Milliseconds(10));
  const auto expect_missing = [&](const Lobby::Wanted& wanted) {
    const auto missing = lobby.Fetch(wanted, soon, kGoOn);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().kind, ErrorKind::kDeadline);
    EXPECT_THAT(missing.error().message, HasSubstr(fmt::format("node {}", wanted.from)));
  };
  expect_missing({"a", 1, 0});
  expect_missing({"b", 2, 0});
  expect_missing({"a", 2, 1});  // that link is meant for another node of this process
  EXPECT_TRUE(lobby.Fetch({"a", 2, 0}, soon, kGoOn))
      << "what is there is given even after the deadline";
}

TEST(Lobby, OneWhoWaitsIsWoken) {
  Lobby lobby;
  std::jthread later([&lobby] { lobby.Enter({Socket(), kNodeHello}); });
  EXPECT_TRUE(lobby.Fetch({"5e55", 1, 0}, Patience(), kGoOn));
}

TEST(Lobby, ACrowdDrivesOutTheOldest) {
  Lobby lobby;
  lobby.Enter({Socket(), kNodeHello});
  for (size_t i = 0; i < Lobby::kMaxWaiting; ++i)
    lobby.Enter({Socket(), {.role = Hello::Role::kNode, .session = "crowd", .nodes = 2}});
  EXPECT_FALSE(lobby.Fetch({"5e55", 1, 0}, Deadline::In(Milliseconds(1)), kGoOn));
}

}  // namespace
}  // namespace disco
