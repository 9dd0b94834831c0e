// SPDX-License-Identifier: Apache-2.0
#include "disco/transport/stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "disco/transport/loopback_for_test.h"

namespace disco {
namespace {

using testing::HasSubstr;

TEST(Stream, CarriesMoreThanTheNetworkHolds) {
  auto [sender, receiver] = Loopback().Pair();
  const std::vector<std::byte> sent(20'000'000, std::byte{7});
  std::vector<std::byte> received(sent.size());
  std::thread thread([&] { EXPECT_TRUE(SendAll(*sender, sent, Soon())); });
  EXPECT_TRUE(ReceiveAll(*receiver, received, Soon()));
  thread.join();
  EXPECT_EQ(sent, received);
}

TEST(Stream, WaitsEndAtTheDeadline) {
  auto [sender, receiver] = Loopback().Pair();
  std::vector<std::byte> bytes(50'000'000);
  EXPECT_EQ(ReceiveAll(*receiver, bytes, AlmostNow()).error().kind, ErrorKind::kDeadline);
  EXPECT_EQ(WaitForNews(*receiver, AlmostNow()).error().kind, ErrorKind::kDeadline);
  EXPECT_EQ(SendAll(*sender, bytes, AlmostNow()).error().kind, ErrorKind::kDeadline);
}

TEST(Stream, AClosedConnectionIsAnErrorNotASignal) {
  auto [sender, receiver] = Loopback().Pair();
  receiver.reset();
  std::vector<std::byte> bytes(50'000'000);
  EXPECT_EQ(SendAll(*sender, bytes, Soon()).error().kind, ErrorKind::kPeer);
  EXPECT_EQ(SendAll(*sender, bytes, Soon()).error().kind, ErrorKind::kPeer);
  const Status status = ReceiveAll(*sender, bytes, Soon());
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kPeer);
  EXPECT_THAT(status.error().message, HasSubstr("closed"));
}

constexpr size_t kBlock = 1 << 14;

// Reads `size` bytes, so many at a time and with a pause after them.
std::jthread ReadSlowly(Stream& stream, size_t size, size_t at_once, Milliseconds pause) {
  return std::jthread([=, &stream](const std::stop_token& stop) {
    std::vector<std::byte> bytes(at_once);
    for (size_t read = 0; read < size && !stop.stop_requested(); read += at_once) {
      if (!ReceiveAll(stream, bytes, Soon())) return;
      std::this_thread::sleep_for(pause);
    }
  });
}

TEST(SendSteadily, TakesLongerThanItsPatienceWhereTheReaderIsSlow) {
  auto [sender, receiver] = Loopback().Pair();
  const std::vector<std::byte> bytes(32 << 20);
  const auto reader = ReadSlowly(*receiver, bytes.size(), 1 << 20, Milliseconds(60));
  const auto start = Clock::now();
  const Status status = SendSteadily(*sender, bytes, {Milliseconds(1000), kBlock});
  EXPECT_TRUE(status) << status.error().message;
  EXPECT_GT(Since(start), Milliseconds(1000)) << "else the test says nothing";
}

TEST(SendSteadily, EndsWhereNobodyReads) {
  auto [sender, receiver] = Loopback().Pair();
  const Status status =
      SendSteadily(*sender, std::vector<std::byte>(50'000'000), {Milliseconds(20), kBlock});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kDeadline);
  EXPECT_THAT(status.error().message, HasSubstr("of 50000000 bytes"));
}

TEST(SendSteadily, DripsAreNoProgress) {
  auto [sender, receiver] = Loopback().Pair();
  const std::vector<std::byte> bytes(50'000'000);
  const auto reader = ReadSlowly(*receiver, bytes.size(), 16, Milliseconds(1));
  const Status status = SendSteadily(*sender, bytes, {Milliseconds(200), 1 << 24});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kDeadline);
}

TEST(SendSteadily, EndsWhenTheOtherSideSpeaks) {
  auto [sender, receiver] = Loopback().Pair();
  ASSERT_TRUE(SendAll(*receiver, std::vector<std::byte>(1), Soon()));
  EXPECT_TRUE(
      SendSteadily(*sender, std::vector<std::byte>(50'000'000), {Milliseconds(120'000), 1}));
}

TEST(Stream, NewsIsSeenBeforeItIsReadAndNothingOfItIsLost) {
  auto [sender, receiver] = Loopback().Pair();
  EXPECT_FALSE(receiver->HasNews());
  std::vector<std::byte> sent(1000), received(1000);
  for (size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<std::byte>(i);
  ASSERT_TRUE(SendAll(*sender, sent, Soon()));
  ASSERT_TRUE(WaitForNews(*receiver, Soon()));
  EXPECT_FALSE(receiver->HasEnded());
  EXPECT_TRUE(ReceiveAll(*receiver, std::span(received).first(3), Soon()));
  EXPECT_TRUE(receiver->HasNews());
  EXPECT_TRUE(ReceiveAll(*receiver, std::span(received).subspan(3), Soon()));
  EXPECT_EQ(sent, received);
  EXPECT_FALSE(receiver->HasNews());
}

TEST(Stream, AnEndIsNewsAndComesAfterWhatWasSent) {
  auto [sender, receiver] = Loopback().Pair();
  ASSERT_TRUE(SendAll(*sender, std::vector<std::byte>(1), Soon()));
  sender.reset();
  ASSERT_TRUE(WaitForNews(*receiver, Soon()));
  EXPECT_FALSE(receiver->HasEnded());
  std::array<std::byte, 1> byte;
  EXPECT_TRUE(ReceiveAll(*receiver, byte, Soon()));
  ASSERT_TRUE(WaitForNews(*receiver, Soon()));
  EXPECT_TRUE(receiver->HasEnded());
  EXPECT_FALSE(receiver->ReadSome(byte));
}

TEST(Stream, TheFirstOfSeveralThatHasNewsIsSaid) {
  const Loopback loopback;
  auto [a, far_a] = loopback.Pair();
  auto [b, far_b] = loopback.Pair();
  const std::array<Stream*, 2> both = {a.get(), b.get()};
  EXPECT_EQ(WaitForNews(both, AlmostNow()).error().kind, ErrorKind::kDeadline);
  ASSERT_TRUE(SendAll(*far_b, std::vector<std::byte>(1), Soon()));
  EXPECT_EQ(WaitForNews(both, Soon()), 1u);
}

}  // namespace
}  // namespace disco
