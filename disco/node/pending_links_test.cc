// SPDX-License-Identifier: Apache-2.0
// Deadlines here only end a test that hangs.
#include "disco/node/pending_links.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "disco/node/patience_for_test.h"

namespace disco {
namespace {

using testing::HasSubstr;

const auto kGoOn = [] { return Status(); };
const Hello kNodeHello{.role = Hello::Role::kNode, .session = "5e55", .node = 1, .nodes = 3};

TEST(PendingLinks, GivesTheLinkThatIsAskedFor) {
  PendingLinks links;
  for (const int from : {1, 2, 3}) {
    links.Add({Channel(),
               {.role = Hello::Role::kNode, .session = "a", .node = from, .to = 0, .nodes = 4}});
  }
  EXPECT_TRUE(links.Take({"a", 1, 0}, Patience(), kGoOn));
  const Deadline soon = Deadline::In(Milliseconds(10));
  const auto expect_missing = [&](const PendingLinks::Wanted& wanted) {
    const auto missing = links.Take(wanted, soon, kGoOn);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().kind, ErrorKind::kDeadline);
    EXPECT_THAT(missing.error().message, HasSubstr(fmt::format("node {}", wanted.from)));
  };
  expect_missing({"a", 1, 0});
  expect_missing({"b", 2, 0});
  expect_missing({"a", 2, 1});  // that link is meant for another node of this process
  EXPECT_TRUE(links.Take({"a", 2, 0}, soon, kGoOn))
      << "what is there is given even after the deadline";
}

TEST(PendingLinks, OneWhoWaitsIsWoken) {
  PendingLinks links;
  std::jthread later([&links] { links.Add({Channel(), kNodeHello}); });
  EXPECT_TRUE(links.Take({"5e55", 1, 0}, Patience(), kGoOn));
}

TEST(PendingLinks, TheOldestGoesWhenAllPlacesAreTaken) {
  PendingLinks links;
  links.Add({Channel(), kNodeHello});
  for (size_t i = 0; i < PendingLinks::kMaxWaiting; ++i)
    links.Add({Channel(), {.role = Hello::Role::kNode, .session = "crowd", .nodes = 2}});
  EXPECT_FALSE(links.Take({"5e55", 1, 0}, Deadline::In(Milliseconds(1)), kGoOn));
}

}  // namespace
}  // namespace disco
