// SPDX-License-Identifier: Apache-2.0
// PendingLinks: connections from other nodes, until the session they belong to asks for them. A
// node's link may arrive before its caller's hello does. Holds at most kMaxWaiting links, each for
// kPatience. Private to the module. Thread rule: safe from any thread.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <string>

#include "disco/node/protocol.h"
#include "disco/transport/channel.h"

namespace disco {

// A connection whose hello has been read.
struct Introduced {
  Channel channel;
  Hello hello;
};

class PendingLinks {
 public:
  static constexpr size_t kMaxWaiting = 128;
  static constexpr Milliseconds kPatience{30000};

  // Closes those whose time is over. For the server, now and then.
  void Sweep() {
    const std::lock_guard lock(mutex_);
    std::erase_if(links_, [](const Link& link) { return link.deadline.Passed(); });
  }

  void Add(Introduced node) {
    const std::lock_guard lock(mutex_);
    if (links_.size() >= kMaxWaiting) links_.pop_front();
    links_.push_back({std::move(node), Deadline::In(kPatience)});
    arrived_.notify_all();
  }

  // A link that a node is waiting for. Several nodes of a session may be in this process.
  struct Wanted {
    const std::string& session;
    int from, to;
  };
  // `go_on` is asked now and then; its error ends the wait. Errors: kDeadline, that of `go_on`.
  Result<std::unique_ptr<Stream>> Take(const Wanted& wanted, Deadline deadline,
                                       const std::function<Status()>& go_on) {
    constexpr Milliseconds kLook{100};
    std::unique_lock lock(mutex_);
    while (true) {
      DISCO_TRY(go_on());
      for (auto link = links_.begin(); link != links_.end(); ++link) {
        const Hello& hello = link->node.hello;
        const bool is_wanted =
            hello.session == wanted.session && hello.node == wanted.from && hello.to == wanted.to;
        if (!is_wanted) continue;
        auto stream = link->node.channel.TakeStream();
        links_.erase(link);
        return stream;
      }
      if (deadline.Passed())
        return Fail(ErrorKind::kDeadline, "node {} did not connect in time", wanted.from);
      arrived_.wait_until(lock, std::min(deadline.when(), Deadline::In(kLook).when()));
    }
  }

 private:
  struct Link {
    Introduced node;
    Deadline deadline;
  };
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::list<Link> links_;
};

}  // namespace disco
