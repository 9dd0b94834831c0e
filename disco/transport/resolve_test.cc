// SPDX-License-Identifier: Apache-2.0
// Names that nobody finds end at the deadline, however long the look-up hangs.
#include "disco/transport/resolve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "disco/transport/loopback_for_test.h"

namespace disco {
namespace {

using testing::HasSubstr;

const Endpoint kNamed{"camera", 7701};

// Look-ups that hang until they are let go.
class HangingLookUps {
 public:
  ~HangingLookUps() { LetGo(); }
  void LetGo() {
    if (!let_go_) end_.set_value();
    let_go_ = true;
  }
  LookUp look_up() const {
    return [end = ended_](const char*, const char* port, const addrinfo* hints, addrinfo** found) {
      end.wait();
      return getaddrinfo("127.0.0.1", port, hints, found);
    };
  }

 private:
  std::promise<void> end_;
  std::shared_future<void> ended_ = end_.get_future().share();
  bool let_go_ = false;
};

TEST(Resolve, AnAddressIsNotLookedUp) {
  const LookUp never = [](const char*, const char*, const addrinfo*, addrinfo**) {
    ADD_FAILURE() << "looked up";
    return EAI_FAIL;
  };
  for (const char* host : {"127.0.0.1", "::1", "10.1.2.3"})
    EXPECT_TRUE(Resolve({host, 1}, AlmostNow(), never)) << host;
}

TEST(Resolve, ANameIsLookedUp) {
  const auto found = Resolve({"localhost", 7701}, Soon());
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_NE(*found, nullptr);
}

TEST(Resolve, ALookUpThatHangsEndsAtTheDeadline) {
  const HangingLookUps hanging;
  const auto late = Resolve(kNamed, AlmostNow(), hanging.look_up());
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::kDeadline);
  EXPECT_THAT(late.error().message, HasSubstr("'camera'"));
}

TEST(Resolve, HangingLookUpsAreNotManyAndNotForEver) {
  HangingLookUps hanging;
  // Shared with threads that may outlive the test.
  const auto begun = std::make_shared<std::atomic<int>>(0);
  const LookUp counting = [begun, inner = hanging.look_up()](const char* host, const char* port,
                                                             const addrinfo* hints,
                                                             addrinfo** found) {
    ++*begun;
    return inner(host, port, hints, found);
  };
  for (int i = 0; i < kMostLookUps + 4; ++i) EXPECT_FALSE(Resolve(kNamed, AlmostNow(), counting));
  EXPECT_LE(*begun, kMostLookUps);
  hanging.LetGo();
  const auto found = Resolve(kNamed, Soon(), counting);
  EXPECT_TRUE(found) << found.error().message;
}

}  // namespace
}  // namespace disco
