// SPDX-License-Identifier: Apache-2.0
// SessionMemory: what one session holds of its node's memory. Gives all back when it goes, whatever
// the session ended with. Private to the module. Thread rule: one thread. Errors: kPeer when the
// node has not as much left, and why the session has to end.
#pragma once

#include <malloc.h>

#include "disco/base/memory_account.h"
#include "disco/node/memory_budget.h"
#include "disco/node/session_control.h"

namespace disco {

class SessionMemory : public MemoryAccount {
 public:
  SessionMemory(MemoryBudget& budget, const SessionControl& control)
      : budget_(budget), control_(control) {}
  ~SessionMemory() override { budget_.Release(held_); }
  SessionMemory(const SessionMemory&) = delete;
  SessionMemory& operator=(const SessionMemory&) = delete;

  // A session that loads a shard is asked here whether it may go on.
  Status Take(Bytes size, std::string_view what) override {
    DISCO_TRY(control_.GoOn());
    DISCO_TRY(budget_.Take(size, what, held_));
    held_ += size;
    return {};
  }
  void Return(Bytes size) override {
    budget_.Release(size);
    held_ = held_ - size;
  }

 private:
  MemoryBudget& budget_;
  const SessionControl& control_;
  Bytes held_;
};

// The allocator keeps what is free for this thread's next use; another session may need it now.
inline void GiveBackFreeMemory() { malloc_trim(0); }

}  // namespace disco
