// SPDX-License-Identifier: Apache-2.0
// The steps of one inference on one node, as they travel to the caller. Private to the room; the
// bytes are described in docs/format/wire.md. Thread rule: plain values. Errors: kPeer.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "disco/node/session.h"

namespace disco {

inline constexpr size_t kMostLogBytes = size_t{16} << 20;

// Times count from `start`.
std::vector<std::byte> EncodeSteps(std::span<const StepTime> steps, Clock::time_point start);

// Names may hold anything a file's op name may; control characters become spaces.
Result<std::vector<NodeStep>> DecodeSteps(std::span<const std::byte> bytes);

}  // namespace disco
