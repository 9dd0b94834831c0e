// SPDX-License-Identifier: Apache-2.0
// LinkSchedule: when the messages that go one way over a shaped link arrive. Private to the room.
// Depends on the shape, both ends and what was sent before, and on nothing else: the same seed
// gives the same delays. Thread rule: a plain value.
#pragma once

#include <algorithm>
#include <chrono>

#include "disco/base/clock.h"
#include "disco/base/random.h"
#include "disco/transport/mesh.h"
#include "disco/transport/shape.h"

namespace disco {

class LinkSchedule {
 public:
  LinkSchedule(const LinkShape& shape, PeerId from, PeerId to)
      : shape_(shape),
        random_(shape.seed,
                uint64_t{static_cast<uint32_t>(from)} << 32 | static_cast<uint32_t>(to)) {}

  // When a message of `size` that is posted at `now` has arrived as a whole. A message leaves when
  // those before it have left; a lost try delays this message and holds no other's place.
  Clock::time_point Arrival(Clock::time_point now, Bytes size) {
    free_ = std::max(now, free_) + Ticks(shape_.bandwidth.Time(static_cast<double>(size.value)));
    Milliseconds delay = shape_.latency + shape_.jitter * random_.Uniform();
    while (random_.Uniform() < shape_.loss) delay += shape_.retry;
    return free_ + Ticks(delay);
  }

 private:
  // Upwards: nothing arrives earlier than the shape says.
  static Clock::duration Ticks(Milliseconds time) {
    return std::chrono::ceil<Clock::duration>(time);
  }

  LinkShape shape_;
  Random random_;
  Clock::time_point free_;  // when the last message posted has left
};

}  // namespace disco
