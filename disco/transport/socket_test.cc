// SPDX-License-Identifier: Apache-2.0
#include "disco/transport/socket.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "disco/transport/loopback_for_test.h"

namespace disco {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(Socket, OwnsItsDescriptor) {
  Socket first = Listen({"127.0.0.1", 0}).value();
  const int fd = first.fd();
  Socket second = std::move(first);
  EXPECT_FALSE(first.valid());
  EXPECT_EQ(second.fd(), fd);
  second = Socket();
  EXPECT_EQ(fcntl(fd, F_GETFD), -1);
}

TEST(Socket, AcceptDoesNotWait) {
  const Loopback loopback;
  const auto nobody = Accept(loopback.listener);
  ASSERT_TRUE(nobody);
  EXPECT_FALSE(nobody->has_value());
}

TEST(Socket, CarriesMoreThanTheNetworkHolds) {
  auto [sender, receiver] = Loopback().Pair();
  const std::vector<std::byte> sent(20'000'000, std::byte{7});
  std::vector<std::byte> received(sent.size());
  std::thread thread([&] { EXPECT_TRUE(SendAll(sender, sent, Soon())); });
  EXPECT_TRUE(ReceiveAll(receiver, received, Soon()));
  thread.join();
  EXPECT_EQ(sent, received);
}

TEST(Socket, WaitsEndAtTheDeadline) {
  auto [sender, receiver] = Loopback().Pair();
  std::vector<std::byte> bytes(50'000'000);
  EXPECT_EQ(ReceiveAll(receiver, bytes, AlmostNow()).error().kind, ErrorKind::kDeadline);
  EXPECT_EQ(WaitReadable(receiver, AlmostNow()).error().kind, ErrorKind::kDeadline);
  EXPECT_EQ(SendAll(sender, bytes, AlmostNow()).error().kind, ErrorKind::kDeadline);
}

TEST(Socket, AClosedConnectionIsAnErrorNotASignal) {
  auto [sender, receiver] = Loopback().Pair();
  receiver = Socket();
  std::vector<std::byte> bytes(50'000'000);
  EXPECT_EQ(SendAll(sender, bytes, Soon()).error().kind, ErrorKind::kPeer);
  EXPECT_EQ(SendAll(sender, bytes, Soon()).error().kind, ErrorKind::kPeer);
  const Status status = ReceiveAll(sender, bytes, Soon());
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kPeer);
  EXPECT_THAT(status.error().message, HasSubstr("closed"));
}

TEST(Socket, NobodyListens) {
  const Endpoint endpoint = Loopback().endpoint;  // closed again
  const auto socket = Connect(endpoint, Soon());
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().kind, ErrorKind::kPeer);
  EXPECT_THAT(socket.error().message, AllOf(HasSubstr("nobody listens at " + ToString(endpoint)),
                                            HasSubstr("disco node --listen")));
}

TEST(Socket, PortInUse) {
  const Loopback loopback;
  const auto second = Listen(loopback.endpoint);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::kIo);
  EXPECT_THAT(second.error().message, HasSubstr(ToString(loopback.endpoint)));
}

TEST(Socket, UnknownHostIsNamed) {
  const auto socket = Connect({"999.999.999.999", 1}, Soon());
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().kind, ErrorKind::kPeer);
  EXPECT_THAT(socket.error().message, HasSubstr("999.999.999.999"));
}

constexpr size_t kBlock = 1 << 14;

// Reads `size` bytes, so many at a time and with a pause after them.
std::jthread ReadSlowly(const Socket& socket, size_t size, size_t at_once, Milliseconds pause) {
  return std::jthread([=, &socket](const std::stop_token& stop) {
    std::vector<std::byte> bytes(at_once);
    for (size_t read = 0; read < size && !stop.stop_requested(); read += at_once) {
      if (!ReceiveAll(socket, bytes, Soon())) return;
      std::this_thread::sleep_for(pause);
    }
  });
}

TEST(SendSteadily, TakesLongerThanItsPatienceWhereTheReaderIsSlow) {
  auto [sender, receiver] = Loopback().Pair();
  const std::vector<std::byte> bytes(32 << 20);
  const auto reader = ReadSlowly(receiver, bytes.size(), 1 << 20, Milliseconds(60));
  const auto start = Clock::now();
  const Status status = SendSteadily(sender, bytes, {Milliseconds(1000), kBlock});
  EXPECT_TRUE(status) << status.error().message;
  EXPECT_GT(Since(start), Milliseconds(1000)) << "else the test says nothing";
}

TEST(SendSteadily, EndsWhereNobodyReads) {
  auto [sender, receiver] = Loopback().Pair();
  const Status status =
      SendSteadily(sender, std::vector<std::byte>(50'000'000), {Milliseconds(20), kBlock});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kDeadline);
  EXPECT_THAT(status.error().message, HasSubstr("of 50000000 bytes"));
}

TEST(SendSteadily, DripsAreNoProgress) {
  auto [sender, receiver] = Loopback().Pair();
  const std::vector<std::byte> bytes(50'000'000);
  const auto reader = ReadSlowly(receiver, bytes.size(), 16, Milliseconds(1));
  const Status status = SendSteadily(sender, bytes, {Milliseconds(200), 1 << 24});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kDeadline);
}

TEST(SendSteadily, EndsWhenTheOtherSideSpeaks) {
  auto [sender, receiver] = Loopback().Pair();
  ASSERT_TRUE(SendAll(receiver, std::vector<std::byte>(1), Soon()));
  EXPECT_TRUE(SendSteadily(sender, std::vector<std::byte>(50'000'000), {Milliseconds(120'000), 1}));
}

}  // namespace
}  // namespace disco
