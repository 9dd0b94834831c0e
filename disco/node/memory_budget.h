// SPDX-License-Identifier: Apache-2.0
// MemoryBudget: what all sessions of a node may hold together. Private to the module. Thread rule:
// safe from any thread.
#pragma once

#include <mutex>
#include <string_view>

#include "disco/base/units.h"

namespace disco {

class MemoryBudget {
 public:
  explicit MemoryBudget(Bytes limit) : limit_(limit) {}

  // `held`: by the same session already. Errors: kPeer when it is more than there is left.
  Status Take(Bytes size, std::string_view what, Bytes held) {
    const std::lock_guard lock(mutex_);
    if (size > limit_ - used_) {
      const std::string beside =
          held.value > 0 ? fmt::format(", beside {} before", ToString(held)) : "";
      return Fail(ErrorKind::kPeer,
                  "{} takes {}{}; of the {} this node gives to its callers, {} are taken by "
                  "others; start it with a larger --memory",
                  what, ToString(size), beside, ToString(limit_), ToString(used_ - held));
    }
    used_ += size;
    return {};
  }
  void Release(Bytes size) {
    const std::lock_guard lock(mutex_);
    used_ = used_ - size;
  }

 private:
  const Bytes limit_;
  std::mutex mutex_;
  Bytes used_;
};

}  // namespace disco
