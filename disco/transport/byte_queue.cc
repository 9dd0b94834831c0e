// SPDX-License-Identifier: Apache-2.0
#include "disco/transport/byte_queue.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace disco {

void ByteQueue::Append(std::span<const std::byte> bytes) {
  if (bytes.size() > storage_.size() - end_) MakeRoom(bytes.size());
  std::copy(bytes.begin(), bytes.end(), storage_.begin() + static_cast<std::ptrdiff_t>(end_));
  end_ += bytes.size();
}

void ByteQueue::Consume(size_t count) {
  assert(count <= size());
  begin_ += count;
  if (empty()) begin_ = end_ = 0;
}

void ByteQueue::MakeRoom(size_t count) {
  const auto queued = Front();
  // Moving down pays only when at least as many bytes were consumed since the last move as move
  // now.
  const bool move_down = queued.size() + count <= storage_.size() && begin_ >= queued.size();
  if (move_down) {
    std::copy(queued.begin(), queued.end(), storage_.begin());
  } else {
    std::vector<std::byte> larger(std::max(queued.size() + count, 2 * storage_.size()));
    std::copy(queued.begin(), queued.end(), larger.begin());
    storage_ = std::move(larger);
  }
  end_ = queued.size();
  begin_ = 0;
}

}  // namespace disco
