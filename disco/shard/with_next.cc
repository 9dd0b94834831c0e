// SPDX-License-Identifier: Apache-2.0
#include "disco/shard/with_next.h"

#include <map>

namespace disco {

std::vector<std::optional<size_t>> Followers(const Graph& shard) {
  std::vector<std::optional<size_t>> followers(shard.ops.size());
  std::map<int32_t, size_t> next;  // by receiver: what is sent before the next wait
  for (size_t op = shard.ops.size(); op-- > 0;) {
    if (shard.ops[op].type == OpType::kReceive) next.clear();
    if (shard.ops[op].type != OpType::kSend) continue;
    const int32_t to = shard.ops[op].as<SendParams>().to;
    if (const auto found = next.find(to); found != next.end()) followers[op] = found->second;
    next[to] = op;
  }
  return followers;
}

void KeepFollowed(Graph& shard, const std::vector<Transfer>& traffic) {
  const auto followers = Followers(shard);
  for (size_t op = 0; op < shard.ops.size(); ++op) {
    if (shard.ops[op].type != OpType::kSend) continue;
    auto& send = std::get<SendParams>(shard.ops[op].params);
    const Bytes size = traffic[static_cast<size_t>(send.transfer)].size;
    send.with_next = send.with_next && followers[op] && size <= kMostHeld;
  }
}

}  // namespace disco
