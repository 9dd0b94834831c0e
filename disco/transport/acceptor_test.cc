// SPDX-License-Identifier: Apache-2.0
// Peers that nobody knows yet, over loopback. Deadlines here only end a test that hangs.
#include "disco/transport/acceptor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "disco/transport/loopback_for_test.h"

namespace disco {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr uint64_t kLargest = 1000;  // bytes of a first message

class AcceptorTest : public testing::Test {
 protected:
  AcceptorTest() {
    auto acceptor = Acceptor::Listen(
        {"127.0.0.1", 0}, {.largest = kLargest, .on_refusal = [this](const std::string& why) {
                             refusals_.push_back(why);
                           }});
    EXPECT_TRUE(acceptor) << acceptor.error().message;
    acceptor_.emplace(std::move(*acceptor));
  }

  Channel Call() const {
    auto stream = Connect({"127.0.0.1", acceptor_->port()}, Soon());
    EXPECT_TRUE(stream) << stream.error().message;
    return Channel(std::move(*stream));
  }

  void Attend(Milliseconds span) {
    auto arrivals = acceptor_->Attend(span);
    ASSERT_TRUE(arrivals) << arrivals.error().message;
    std::ranges::move(*arrivals, std::back_inserter(arrivals_));
  }
  // Until somebody is let in or refused.
  void AttendUntilNews() {
    const size_t before = arrivals_.size() + refusals_.size();
    const Deadline deadline = Soon();
    while (arrivals_.size() + refusals_.size() == before && !deadline.Passed())
      Attend(Milliseconds(10));
  }

  void ExpectRefused(Channel& channel, const std::string& why) {
    AttendUntilNews();
    ASSERT_EQ(refusals_.size(), 1u);
    EXPECT_THAT(refusals_[0], HasSubstr(why));
    EXPECT_THAT(refusals_[0], HasSubstr("127.0.0.1"));
    const auto told = channel.Receive({.kind = FrameKind::kHelloReply, .size = kLargest}, Soon());
    ASSERT_FALSE(told);
    EXPECT_THAT(told.error().message, HasSubstr(why));
  }

  std::optional<Acceptor> acceptor_;
  std::vector<Arrival> arrivals_;
  std::vector<std::string> refusals_;
};

TEST_F(AcceptorTest, AFirstMessageIsHandedOver) {
  Channel channel = Call();
  ASSERT_TRUE(channel.Send({.kind = FrameKind::kHello, .plan_hash = 42}, "good day", Soon()));
  AttendUntilNews();
  ASSERT_EQ(arrivals_.size(), 1u);
  EXPECT_EQ(arrivals_[0].text, "good day");
  EXPECT_EQ(arrivals_[0].address, "127.0.0.1");
  EXPECT_EQ(arrivals_[0].header.plan_hash, 42u);
  EXPECT_THAT(refusals_, IsEmpty());
}

TEST_F(AcceptorTest, AFirstMessageMayComeInPiecesAndTakesNothingOfWhatFollows) {
  Channel channel = Call();
  const std::string text = "good day";
  const auto frame = EncodeFrame({.kind = FrameKind::kHello, .size = text.size()});
  std::vector<std::byte> bytes(frame.begin(), frame.end());
  const auto payload = std::as_bytes(std::span(text));
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  for (const std::byte byte : bytes) {
    ASSERT_TRUE(SendAll(channel.stream(), {&byte, 1}, Soon()));
    Attend(Milliseconds(0));
  }
  ASSERT_TRUE(SendAll(channel.stream(), std::as_bytes(std::span("next", 4)), Soon()));
  if (arrivals_.empty()) AttendUntilNews();
  ASSERT_EQ(arrivals_.size(), 1u);
  std::array<std::byte, 4> next;
  EXPECT_TRUE(ReceiveAll(arrivals_[0].channel.stream(), next, Soon()));
  EXPECT_EQ(next[0], std::byte{'n'});
}

TEST_F(AcceptorTest, NoiseIsToldSo) {
  Channel channel = Call();
  const std::array<std::byte, kFrameSize> noise{};
  ASSERT_TRUE(SendAll(channel.stream(), noise, Soon()));
  ExpectRefused(channel, "disco");
}

TEST_F(AcceptorTest, AnotherKindOfMessageIsRefused) {
  Channel channel = Call();
  ASSERT_TRUE(
      SendAll(channel.stream(), EncodeFrame({.kind = FrameKind::kShard, .size = 5}), Soon()));
  ExpectRefused(channel, "instead of hello");
}

TEST_F(AcceptorTest, AMessageThatIsTooLongIsRefusedBeforeItComes) {
  Channel channel = Call();
  ASSERT_TRUE(SendAll(channel.stream(),
                      EncodeFrame({.kind = FrameKind::kHello, .size = uint64_t{1} << 60}), Soon()));
  ExpectRefused(channel, "instead of hello");
}

TEST_F(AcceptorTest, AnEmptyMessageIsRefused) {
  Channel channel = Call();
  ASSERT_TRUE(SendAll(channel.stream(), EncodeFrame({.kind = FrameKind::kHello}), Soon()));
  ExpectRefused(channel, "instead of hello");
}

// Many more tries than places: each is closed when it goes, and none is reported.
TEST_F(AcceptorTest, ConnectionsThatCloseAgainAreNoRefusals) {
  for (size_t i = 0; i < 3 * Acceptor::kMaxWaiting; ++i) {
    Call();
    Attend(Milliseconds(0));
  }
  EXPECT_THAT(arrivals_, IsEmpty());
  EXPECT_THAT(refusals_, IsEmpty());
}

// More silent connections than there are places; when they go, the next one gets in.
TEST_F(AcceptorTest, SilentConnectionsDoNotKeepTheNextOneOut) {
  {
    std::vector<Channel> silent;
    for (size_t i = 0; i < Acceptor::kMaxWaiting + 8; ++i) {
      silent.push_back(Call());
      Attend(Milliseconds(0));
    }
    EXPECT_THAT(arrivals_, IsEmpty());
  }
  Channel channel = Call();
  ASSERT_TRUE(channel.Send({.kind = FrameKind::kHello}, "good day", Soon()));
  while (arrivals_.empty() && !HasFailure()) AttendUntilNews();
  EXPECT_EQ(arrivals_.size(), 1u);
}

}  // namespace
}  // namespace disco
