// SPDX-License-Identifier: Apache-2.0
// Lobby: where connections from other nodes wait for the session they belong to. A node's link may
// arrive before its caller's hello does. Holds at most kMaxWaiting links, each for kPatience.
// Private to the room. Thread rule: safe from any thread.
#pragma once

#include <condition_variable>
#include <list>
#include <mutex>
#include <string>

#include "disco/node/doorman.h"

namespace disco {

class Lobby {
 public:
  static constexpr size_t kMaxWaiting = 128;
  static constexpr Milliseconds kPatience{30000};

  void Enter(Visitor visitor) {
    const std::lock_guard lock(mutex_);
    std::erase_if(links_, [](const Link& link) { return link.deadline.Passed(); });
    if (links_.size() >= kMaxWaiting) links_.pop_front();
    links_.push_back({std::move(visitor), Deadline::In(kPatience)});
    arrived_.notify_all();
  }

  // The link from `node` of `session`. Errors: kDeadline.
  Result<Socket> Fetch(const std::string& session, int node, Deadline deadline) {
    std::unique_lock lock(mutex_);
    while (true) {
      for (auto link = links_.begin(); link != links_.end(); ++link) {
        const Hello& hello = link->visitor.hello;
        if (hello.session != session || hello.node != node) continue;
        Socket socket = std::move(link->visitor.socket);
        links_.erase(link);
        return socket;
      }
      if (arrived_.wait_until(lock, deadline.when()) == std::cv_status::timeout) {
        return Fail(ErrorKind::kDeadline, "node {} did not connect in time", node);
      }
    }
  }

 private:
  struct Link {
    Visitor visitor;
    Deadline deadline;
  };
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::list<Link> links_;
};

}  // namespace disco
