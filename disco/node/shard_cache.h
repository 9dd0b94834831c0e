// SPDX-License-Identifier: Apache-2.0
// ShardCache: shards a node was sent, by hash, so that the same caller need not send them again.
// Holds at most `capacity` bytes; the shard used longest ago goes first. Thread rule: safe from any
// thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "disco/base/units.h"

namespace disco {

class ShardCache {
 public:
  explicit ShardCache(Bytes capacity) : capacity_(capacity) {}

  // Null when it is not there.
  std::shared_ptr<const std::string> Find(uint64_t hash) {
    const std::lock_guard lock(mutex_);
    for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
      if (entry->hash != hash) continue;
      entries_.splice(entries_.begin(), entries_, entry);
      return entries_.front().shard;
    }
    return nullptr;
  }

  // What is larger than the whole cache is not kept.
  void Add(uint64_t hash, std::shared_ptr<const std::string> shard) {
    const Bytes size{static_cast<int64_t>(shard->size())};
    const std::lock_guard lock(mutex_);
    const auto same = std::find_if(entries_.begin(), entries_.end(),
                                   [hash](const Entry& entry) { return entry.hash == hash; });
    if (same != entries_.end()) Drop(same);
    if (size > capacity_) return;
    while (size_ + size > capacity_) Drop(std::prev(entries_.end()));
    size_ += size;
    entries_.push_front({hash, std::move(shard)});
  }

 private:
  struct Entry {
    uint64_t hash;
    std::shared_ptr<const std::string> shard;
  };
  void Drop(std::list<Entry>::iterator entry) {
    size_ = size_ - Bytes{static_cast<int64_t>(entry->shard->size())};
    entries_.erase(entry);
  }

  Bytes capacity_, size_;
  std::mutex mutex_;
  std::list<Entry> entries_;  // used last first
};

}  // namespace disco
