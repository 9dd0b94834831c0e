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

}  // namespace
}  // namespace disco
