// SPDX-License-Identifier: Apache-2.0
#include "disco/transport/socket.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "disco/transport/loopback_for_test.h"

namespace disco {
namespace {

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

TEST(Socket, PortInUse) {
  const Loopback loopback;
  const auto second = Listen(loopback.endpoint);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::kIo);
  EXPECT_THAT(second.error().message, HasSubstr(ToString(loopback.endpoint)));
}

}  // namespace
}  // namespace disco
