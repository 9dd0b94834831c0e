// SPDX-License-Identifier: Apache-2.0
// MemoryBudget: what all sessions of a node may hold together. Asked before anything large is
// allocated. Private to the room. Thread rule: safe from any thread; it outlives its reservations.
#pragma once

#include <mutex>
#include <string_view>
#include <utility>

#include "disco/base/units.h"

namespace disco {

class MemoryBudget {
 public:
  explicit MemoryBudget(Bytes limit) : limit_(limit) {}

  // Gives its bytes back when it goes.
  class Reservation {
   public:
    Reservation() = default;
    Reservation(Reservation&& other) noexcept
        : budget_(std::exchange(other.budget_, nullptr)), size_(other.size_) {}
    Reservation& operator=(Reservation&& other) noexcept {
      std::swap(budget_, other.budget_);
      std::swap(size_, other.size_);
      return *this;
    }
    ~Reservation() {
      if (budget_ != nullptr) budget_->Release(size_);
    }

   private:
    friend class MemoryBudget;
    Reservation(MemoryBudget* budget, Bytes size) : budget_(budget), size_(size) {}
    MemoryBudget* budget_ = nullptr;
    Bytes size_;
  };

  // `held`: by the same caller already. Errors: kPeer when it is more than there is left.
  Result<Reservation> Reserve(Bytes size, std::string_view what, Bytes held = {}) {
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
    return Reservation(this, size);
  }

 private:
  void Release(Bytes size) {
    const std::lock_guard lock(mutex_);
    used_ = used_ - size;
  }

  const Bytes limit_;
  std::mutex mutex_;
  Bytes used_;
};

}  // namespace disco
