// SPDX-License-Identifier: Apache-2.0
#include "disco/transport/connect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "disco/transport/loopback_for_test.h"

namespace disco {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(Connect, NobodyListens) {
  const Endpoint endpoint = Loopback().endpoint;  // closed again
  const auto stream = Connect(endpoint, Soon());
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().kind, ErrorKind::kPeer);
  EXPECT_THAT(stream.error().message, AllOf(HasSubstr("nobody listens at " + ToString(endpoint)),
                                            HasSubstr("disco node --listen")));
}

TEST(Connect, UnknownHostIsNamed) {
  const auto stream = Connect({"999.999.999.999", 1}, Soon());
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().kind, ErrorKind::kPeer);
  EXPECT_THAT(stream.error().message, HasSubstr("999.999.999.999"));
}

}  // namespace
}  // namespace disco
