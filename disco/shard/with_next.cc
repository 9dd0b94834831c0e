// SPDX-License-Identifier: Apache-2.0
#include "disco/shard/with_next.h"

#include <set>

namespace disco {

void KeepFollowed(Graph& shard) {
  std::set<int32_t> next;  // to whom something is sent before the next Receive
  for (auto op = shard.ops.rbegin(); op != shard.ops.rend(); ++op) {
    if (op->type == OpType::kReceive) next.clear();
    if (op->type != OpType::kSend) continue;
    auto& send = std::get<SendParams>(op->params);
    send.with_next = send.with_next && next.contains(send.to);
    next.insert(send.to);
  }
}

}  // namespace disco
