// SPDX-License-Identifier: Apache-2.0
// Messages that leave together: a Send with `with_next` and the next Send of its node to the same
// other node. Private to the room. Thread rule: pure.
#pragma once

#include "disco/graph/graph.h"

namespace disco {

// Of the Sends with `with_next`, only those keep it that have a Send to the same node behind them,
// before anything is waited for.
void KeepFollowed(Graph& shard);

}  // namespace disco
