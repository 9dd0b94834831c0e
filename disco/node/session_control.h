// SPDX-License-Identifier: Apache-2.0
// SessionControl: what a server knows of a session in another thread, and its way to end it.
//
// End asks: the session looks between inferences and tells its caller why. Cut does not ask: it
// shuts the session's connections down, so that every wait of it ends. Private to the room. Thread
// rule: safe from any thread; what a Hold shuts down has to outlive it.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "disco/base/clock.h"

namespace disco {

class SessionControl {
 public:
  // The session did something.
  void Touch();
  // Since it last did, and since it was asked to end.
  Milliseconds Idle() const;
  Milliseconds Ending() const;

  void End(std::string reason);
  // Why the session has to end; nothing while it may go on.
  Status GoOn() const;

  void Cut();

  // What Cut calls while this lives, from its own thread; only one at a time.
  class Hold {
   public:
    Hold(SessionControl& control, std::function<void()> shutdown);
    ~Hold();
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    SessionControl& control_;
  };

 private:
  mutable std::mutex mutex_;
  Clock::time_point active_ = Clock::now();
  std::optional<Clock::time_point> ending_;
  std::string reason_;
  bool cut_ = false;
  std::function<void()> shutdown_ = [] {};
};

}  // namespace disco
