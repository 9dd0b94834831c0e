// SPDX-License-Identifier: Apache-2.0
// ByteQueue: bytes in, the same bytes out in order; private to the room.
//
// Keeps the room it once needed, so that a steady flow allocates nothing; moves a byte O(1) times
// on average. Thread rule: a plain value. Errors: none.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace disco {

class ByteQueue {
 public:
  bool empty() const { return begin_ == end_; }
  size_t size() const { return end_ - begin_; }
  size_t capacity() const { return storage_.size(); }

  void Append(std::span<const std::byte> bytes);

  // All that is queued; valid until the next Append.
  std::span<const std::byte> Front() const { return std::span(storage_).subspan(begin_, size()); }

  // Drops the first `count` bytes; count <= size().
  void Consume(size_t count);

 private:
  // Makes `count` bytes free behind end_.
  void MakeRoom(size_t count);

  std::vector<std::byte> storage_;  // queued: [begin_, end_)
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace disco
