// SPDX-License-Identifier: Apache-2.0
// Measuring nodes and links with the runner itself: small networks run on them, and the steps they
// report are fitted (cost/fit_speed.h, cost/fit_link.h). Thread rule: one thread; sessions on
// several nodes run on threads of their own meanwhile. Errors: those of Session.
#pragma once

#include <map>

#include "disco/cost/fit_link.h"
#include "disco/node/session.h"

namespace disco {

// How a probe reaches the nodes it measures: opens `bound` on nodes `on` of the cluster.
using OpenOn = std::function<Result<std::unique_ptr<Session>>(const BoundPlan& bound,
                                                              const std::vector<int>& on)>;

// What one node turned out to be.
struct ProbedNode {
  NodeSpeed speed;  // but for messages
  Bytes memory;
  // MACs per second over all measured ops of every kind, time for weights, activations and starting
  // included; `speed` tells these apart. Not a number where a node timed none.
  std::map<OpKind, ComputeSpeed> reached;
};
// Runs a ResNet-50 of half the width, and a few depthwise and matrix layers, on nodes 0 .. count-1,
// on all at the same time. Calls `go_on` kProbedNetworks times in between, and ends with its error.
inline constexpr int kProbedNetworks = 3;
Result<std::vector<ProbedNode>> ProbeNodes(const OpenOn& open, int count,
                                           const std::function<Status()>& go_on);

// What one link and the two processors at its ends turned out to be, both directions alike.
struct ProbedLink {
  FittedLink fitted;
  Milliseconds ten_kilobytes;  // of such a message, from the start of packing until it is placed
};
// Has nodes `a` and `b` send messages of several sizes to and fro.
Result<ProbedLink> ProbeLink(const OpenOn& open, int a, int b);

}  // namespace disco
