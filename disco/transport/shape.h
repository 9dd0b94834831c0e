// SPDX-License-Identifier: Apache-2.0
// LinkShape: how slow a link is made to be, so that a slow network can be had on one machine.
//
// As text: parts by comma, in any order, each may be left out but not all:
//   37.5MB/s,latency=2ms,jitter=0.5ms,loss=0.1%,retry=200ms,seed=7
// Thread rule: plain values. Errors: kUsage, naming the part and an example.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "disco/base/units.h"

namespace disco {

// Of one link, each direction for itself.
struct LinkShape {
  Bandwidth bandwidth{std::numeric_limits<double>::infinity()};
  Milliseconds latency{0};  // of every message
  Milliseconds jitter{0};   // on top of it, uniform from nothing to this
  double loss = 0;          // share of the tries that are lost, 0 to 0.9
  Milliseconds retry{200};  // what a lost try costs; the least that TCP waits on Linux
  uint64_t seed = 0;        // of jitter and loss
};

// Bandwidth 1kB/s or more; latency, jitter and retry an hour at most; loss as 0.1% or 0.001.
Result<LinkShape> ParseLinkShape(std::string_view text);

// What ParseLinkShape reads as exactly this shape.
std::string ToString(const LinkShape& shape);

}  // namespace disco
