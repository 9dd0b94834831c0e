// SPDX-License-Identifier: Apache-2.0
// ChooseCalls: for each value that nodes send, whether the ops that read it take local and foreign
// features in one call or in two (MixingCall of plan.h), by the model of node_speed.h.
//
// For node n, with w the time from "the value is made" to "its foreign features are here":
//   fused: max(copying the local part, w) + sum over readers of (one call over all features)
//   split: max(local call of the first reader, w) + its foreign call
//          + sum over the other readers of (local call + foreign call)
// A foreign call reads and writes the output once more. The mode with the lower time on the slower
// node wins. Fused wins where the wire is quick and the input small, split where the wire is slow
// or the output small. Thread rule: pure; the cluster has to have the plan's
// nodes.
#pragma once

#include "disco/cost/cluster.h"
#include "disco/plan/bound_plan.h"

namespace disco {

// The plan of `bound` with its calls chosen.
Plan ChooseCalls(const BoundPlan& bound, const Cluster& cluster);

// Machines of the usual kind, for who does not say which: one core with AVX-512 each, on a network
// of 1 Gbit/s with 60 us from message to message.
Cluster UsualCluster(int nodes);

}  // namespace disco
