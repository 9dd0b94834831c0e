// SPDX-License-Identifier: Apache-2.0
// OpTable: what a backend has for each op, joined from the entries of its families of ops.
//
// Each family lists its entries beside its functions; the table of the backend names the families.
// Thread rule: Find from any thread.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <span>
#include <vector>

#include "disco/graph/op.h"
#include "disco/op/op_name.h"

namespace disco {

template <class T>
class OpTable {
 public:
  struct Entry {
    OpType type;
    T value;
  };

  // The entries have to outlive the table. An op that is listed twice is a mistake in the source:
  // the program ends, in every build.
  OpTable(std::initializer_list<std::span<const Entry>> families) {
    for (const std::span<const Entry> family : families) {
      for (const Entry& entry : family) Add(entry);
    }
  }

  // Null: no family has an entry for `type`.
  const T* Find(OpType type) const {
    const auto index = static_cast<size_t>(type);
    return index < values_.size() ? values_[index] : nullptr;
  }

 private:
  void Add(const Entry& entry) {
    const auto index = static_cast<size_t>(entry.type);
    if (index >= values_.size()) values_.resize(index + 1, nullptr);
    if (values_[index] != nullptr) {
      fmt::print(stderr, "op {} is listed twice in one table\n", Name(entry.type));
      std::abort();
    }
    values_[index] = &entry.value;
  }

  std::vector<const T*> values_;  // by op type
};

}  // namespace disco
