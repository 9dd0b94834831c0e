// SPDX-License-Identifier: Apache-2.0
// MemoryAccount: asked before memory is taken whose amount somebody else has chosen, by a file or
// over a network. Whoever gives a null pointer gives whatever the machine has.
//
// Thread rule: that of the account. Errors: why there is not as much; then nothing is taken.
#pragma once

#include <new>
#include <string_view>
#include <utility>

#include "disco/base/units.h"

namespace disco {

class MemoryAccount {
 public:
  virtual ~MemoryAccount() = default;
  // `what` names it in the error: "the shard".
  virtual Status Take(Bytes size, std::string_view what) = 0;
  // `size` of what was taken is free again.
  virtual void Return(Bytes size) = 0;
};

inline Status Take(MemoryAccount* account, Bytes size, std::string_view what) {
  return account == nullptr ? Status() : account->Take(size, what);
}
inline void Return(MemoryAccount* account, Bytes size) {
  if (account != nullptr) account->Return(size);
}

// Returns what it took when it goes, but for what is kept.
class MemoryScope : public MemoryAccount {
 public:
  explicit MemoryScope(MemoryAccount* account) : account_(account) {}
  ~MemoryScope() override { disco::Return(account_, taken_); }
  MemoryScope(const MemoryScope&) = delete;
  MemoryScope& operator=(const MemoryScope&) = delete;

  Status Take(Bytes size, std::string_view what) override {
    DISCO_TRY(disco::Take(account_, size, what));
    taken_ += size;
    return {};
  }
  void Return(Bytes size) override {
    disco::Return(account_, size);
    taken_ = taken_ - size;
  }
  // At most `size` stays taken; the rest is returned now.
  void Keep(Bytes size) {
    if (size < taken_) Return(taken_ - size);
    taken_ = {};
  }

 private:
  MemoryAccount* account_;
  Bytes taken_;
};

// Thrown inside a module, where memory is taken by a function that returns no Result.
struct MemoryRefused : std::bad_alloc {
  explicit MemoryRefused(Error why) : error(std::move(why)) {}
  Error error;
};
inline void TakeOrThrow(MemoryAccount* account, Bytes size, std::string_view what) {
  if (Status taken = Take(account, size, what); !taken)
    throw MemoryRefused(std::move(taken).error());
}

}  // namespace disco
