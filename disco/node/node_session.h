// SPDX-License-Identifier: Apache-2.0
// One session on a node, from the caller's hello to its goodbye. Private to the room.
// Thread rule: one thread. Errors: those of opening and running; the caller has been told where
// possible.
#pragma once

#include "disco/node/memory_budget.h"
#include "disco/node/pending_links.h"
#include "disco/node/server.h"
#include "disco/node/session_control.h"
#include "disco/node/shard_cache.h"

namespace disco {

// What the sessions of a node share.
struct NodeContext {
  const NodeLimits& limits;
  const SharedKeys& keys;
  ShardCache& cache;
  PendingLinks& links;
  MemoryBudget& budget;
};

Status ServeSession(Introduced caller, const NodeContext& node, SessionControl& control);

}  // namespace disco
