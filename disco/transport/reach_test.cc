// SPDX-License-Identifier: Apache-2.0
#include "disco/transport/reach.h"

#include <gtest/gtest.h>

#include "disco/transport/loopback_for_test.h"

namespace disco {
namespace {

TEST(ReachOf, TellsThisMachineFromOthers) {
  for (const char* host :
       {"127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1", "localhost", "0.0.0.0"})
    EXPECT_EQ(ReachOf({host, 7701}, Soon()), Reach::kLoopback) << host;
  // Addresses for documentation (RFC 5737, RFC 3849), which no machine has.
  for (const char* host : {"192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"})
    EXPECT_EQ(ReachOf({host, 7701}, Soon()), Reach::kElsewhere) << host;
}

}  // namespace
}  // namespace disco
