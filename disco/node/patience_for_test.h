// SPDX-License-Identifier: Apache-2.0
// How long the tests of this room wait for what has to come. Thread rule: pure.
#pragma once

#include "disco/base/clock.h"

namespace disco {

inline constexpr Milliseconds kTestPatience{20000};
inline Deadline Patience() { return Deadline::In(kTestPatience); }

}  // namespace disco
