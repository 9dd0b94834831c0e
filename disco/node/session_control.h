// SPDX-License-Identifier: Apache-2.0
// SessionControl: what a server knows of a session in another thread, and its way to end it.
//
// End asks: the session looks between inferences and tells its caller why. Cut does not ask: it
// shuts the session's connections down, so that every wait of it ends. Private to the room. Thread
// rule: safe from any thread; what is held has to be released before it is destroyed.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "disco/transport/mesh.h"
#include "disco/transport/socket.h"

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

  // What Cut shuts down while this lives; only one at a time.
  class Hold {
   public:
    Hold(SessionControl& control, const Socket& socket);
    Hold(SessionControl& control, Mesh& mesh);
    ~Hold();
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    SessionControl& control_;
  };

 private:
  void CutHeld();

  mutable std::mutex mutex_;
  Clock::time_point active_ = Clock::now();
  std::optional<Clock::time_point> ending_;
  std::string reason_;
  bool cut_ = false;
  const Socket* socket_ = nullptr;
  Mesh* mesh_ = nullptr;
};

}  // namespace disco
