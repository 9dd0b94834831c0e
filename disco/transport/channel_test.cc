// SPDX-License-Identifier: Apache-2.0
#include "disco/transport/channel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "disco/transport/loopback_for_test.h"
#include "disco/transport/message_reader.h"

namespace disco {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// The two ends of a connection.
struct ChannelEnds {
  ChannelEnds() {
    auto [caller, accepted] = Loopback().Pair();
    near = Channel(std::move(caller));
    far = Channel(std::move(accepted));
  }
  Channel near, far;
};

constexpr FrameHeader kExpected{.kind = FrameKind::kReady, .plan_hash = 7, .size = 100'000};

TEST(Channel, MessagesCrossInOrder) {
  ChannelEnds ends;
  const std::string large(3 * kMessageBlock + 5, 'x');
  FrameHeader header = kExpected;
  for (const std::string& text : {std::string("one"), std::string(), large})
    ASSERT_TRUE(ends.far.Send(header, text, Soon()));
  EXPECT_EQ(ends.near.Receive(kExpected, Soon()), "one");
  EXPECT_EQ(ends.near.Receive(kExpected, Soon()), "");
  EXPECT_EQ(ends.near.Receive(kExpected, Soon()), large);
}

TEST(Channel, EachBlockIsAnnounced) {
  ChannelEnds ends;
  ASSERT_TRUE(ends.far.Send(kExpected, std::string(3 * kMessageBlock, 'x'), Soon()));
  int blocks = 0;
  EXPECT_TRUE(ends.near.Receive(kExpected, Milliseconds(60'000), [&blocks] { ++blocks; }));
  EXPECT_EQ(blocks, 1 + 3) << "the header is waited for, too";
}

TEST(Channel, WhatWasReadAheadMovesOnWithTheStream) {
  ChannelEnds ends;
  ASSERT_TRUE(SendAll(ends.far.stream(), std::as_bytes(std::span("next", 4)), Soon()));
  ASSERT_TRUE(WaitForNews(ends.near.stream(), Soon()));
  const auto stream = ends.near.TakeStream();
  std::array<std::byte, 4> next;
  EXPECT_TRUE(ReceiveAll(*stream, next, Soon()));
  EXPECT_EQ(next[0], std::byte{'n'});
}

TEST(Channel, AMessageOfAnotherPlanIsRefusedBeforeItsPayloadComes) {
  ChannelEnds ends;
  FrameHeader other = kExpected;
  other.plan_hash = 8;
  ASSERT_TRUE(SendAll(ends.far.stream(), EncodeFrame(other), Soon()));
  const auto text = ends.near.Receive(kExpected, Soon());
  ASSERT_FALSE(text);
  EXPECT_THAT(text.error().message, HasSubstr("another plan"));
}

TEST(Channel, ARefusalIsAnErrorWithItsText) {
  ChannelEnds ends;
  ends.far.Refuse("come back tomorrow");
  const auto text = ends.near.Receive(kExpected, Soon());
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().kind, ErrorKind::kPeer);
  EXPECT_EQ(text.error().message, "come back tomorrow");
}

TEST(Channel, AWaitEndsAtTheDeadlineInTheMiddleOfAMessage) {
  ChannelEnds ends;
  const auto frame = EncodeFrame(kExpected);
  ASSERT_TRUE(SendAll(ends.far.stream(), std::span(frame).first(20), Soon()));
  const auto text = ends.near.Receive(kExpected, AlmostNow());
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().kind, ErrorKind::kDeadline);
}

// A client's hello and an alert: all that a TLS program says first.
TEST(Channel, TlsIsNamedWithTheOptionToGive) {
  for (const std::string_view record : {"\x16\x03\x01", "\x15\x03\x03"}) {
    ChannelEnds ends;
    ASSERT_TRUE(SendAll(ends.far.stream(), std::as_bytes(std::span(record)), Soon()));
    ends.far.Shutdown();
    const auto text = ends.near.Receive(kExpected, Soon());
    ASSERT_FALSE(text);
    EXPECT_THAT(text.error().message, AllOf(HasSubstr("TLS"), HasSubstr("--keys")));
  }
}

}  // namespace
}  // namespace disco
