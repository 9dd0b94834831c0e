// SPDX-License-Identifier: Apache-2.0
// A simulation as text for people. Thread rule: pure functions.
#pragma once

#include <string>
#include <vector>

#include "disco/cost/simulate.h"

namespace disco {

// A stretch of the critical path: ops that follow one another on one node, or one message.
struct PathPiece {
  bool message = false;
  NodeId node = 0, to = 0;  // of a message: sender and receiver
  std::string first, last;  // ops; of a message both are its Send
  int64_t events = 0;
  Milliseconds start{0}, end{0};
};
std::vector<PathPiece> PiecesOf(const Simulation& simulation);

// The pieces, a line each, the longest `most` of them in their order, after a line that says how
// many there are and what they sum up to.
std::vector<std::string> DescribePath(const Simulation& simulation, const Cluster& cluster,
                                      size_t most);

// A line per node of `columns` characters from 0 to the end: '#' computes, '+' packs or unpacks,
// '.' waits, ' ' has nothing to do; in each place what takes most of its time.
std::vector<std::string> DrawTimeline(const Simulation& simulation, size_t columns);

}  // namespace disco
