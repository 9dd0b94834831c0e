// SPDX-License-Identifier: Apache-2.0
#include "disco/transport/endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace disco {
namespace {

using testing::HasSubstr;

TEST(Endpoint, ReadsWhatItWrites) {
  for (const char* text :
       {"127.0.0.1:7701", "[::1]:7701", "kitchen:1", "a.b-c:65535", "[fe80::1%eth0]:0"}) {
    const auto endpoint = ParseEndpoint(text);
    ASSERT_TRUE(endpoint) << text;
    EXPECT_EQ(ToString(*endpoint), text);
  }
  EXPECT_EQ(ParseEndpoint("[::1]:7701").value(), (Endpoint{"::1", 7701}));
}

TEST(Endpoint, RefusesWithAnExample) {
  for (const char* text : {"", ":", "host", "host:", ":7701", "host:65536", "host:-1", "host:+1",
                           "host:0x1", "host: 1", "host:1 ", "ho st:1", "::1:7701", "[::1]", "[]:1",
                           "[host]:1", "[::1:7", "a,b:1", "h\n:1"}) {
    const auto endpoint = ParseEndpoint(text);
    ASSERT_FALSE(endpoint) << text;
    EXPECT_EQ(endpoint.error().kind, ErrorKind::kUsage);
    EXPECT_THAT(endpoint.error().message, HasSubstr("127.0.0.1:7701"));
  }
}

TEST(Endpoint, ListsKeepTheirOrder) {
  EXPECT_EQ(ParseEndpoints("b:2,a:1").value(), (std::vector<Endpoint>{{"b", 2}, {"a", 1}}));
  EXPECT_EQ(ParseEndpoints("a:1").value().size(), 1u);
  for (const char* text : {"", ",", "a:1,", ",a:1", "a:1,,b:2", "a:1, b:2"}) {
    EXPECT_FALSE(ParseEndpoints(text)) << text;
  }
}

}  // namespace
}  // namespace disco
