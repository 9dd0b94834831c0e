// SPDX-License-Identifier: Apache-2.0
// Shards written op by op, for tests of the simulation. One MAC takes 1 ms, one byte of a link 1
// ms. Thread rule: one thread.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "disco/cost/simulate.h"

namespace disco {

inline Cluster SlowCluster(int nodes, Milliseconds latency = Milliseconds(0)) {
  return Uniform({.nodes = nodes, .link = {{1000}, latency}, .compute = {1000}});
}

// A transfer that occupies a link for so many milliseconds, its frame included.
inline Bytes PayloadOf(int64_t ms) { return Bytes{ms} - kFrameBytes; }

class Play {
 public:
  explicit Play(int nodes) { cut_.shards.resize(static_cast<size_t>(nodes)); }

  // An op of so many milliseconds.
  Play& Compute(NodeId node, const std::string& name, int64_t ms) {
    Graph& shard = ShardOf(node);
    const ValueId x = shard.AddValue(name + ".x", DType::kF32, {1, 1, 1, ms});
    const ValueId w = shard.AddConstant(name + ".w", Tensor(DType::kF32, {1, 1, 1, 1}));
    shard.inputs.push_back(x);
    last_ = shard.AddOp(OpType::kConv, name, {x, w}, ConvParams{});
    shard.value(last_).shape = {1, 1, 1, ms};
    shard.outputs.push_back(last_);
    return *this;
  }

  // Sends what the node computed last; the transfer's number counts from 0.
  Play& Send(NodeId node, NodeId to, Bytes size, bool with_next = false) {
    const auto id = static_cast<int32_t>(cut_.traffic.size());
    cut_.traffic.push_back({.id = id, .from = node, .to = to, .size = size});
    ShardOf(node).AddOp(OpType::kSend, fmt::format("send{}", id), {last_},
                        SendParams{.to = to, .transfer = id, .with_next = with_next});
    return *this;
  }

  // `own`: whether features of the node itself, those computed last, stand in front.
  Play& Receive(NodeId node, const std::vector<int32_t>& transfers, bool own = false) {
    Graph& shard = ShardOf(node);
    const int64_t width = own ? shard.value(last_).shape[3] : 1;
    const auto features = static_cast<int64_t>(transfers.size()) + (own ? 1 : 0);
    ReceiveParams params{.sources = {}, .shape = {1, features, 1, width}};
    for (const int32_t id : transfers) params.sources.push_back({.transfer = id, .features = 1});
    std::vector<ValueId> inputs;
    if (own) inputs.push_back(last_);
    shard.outputs.push_back(
        shard.AddOp(OpType::kReceive, fmt::format("receive{}", transfers[0]), inputs, params));
    return *this;
  }

  Simulation On(const Cluster& cluster) const {
    auto simulation = Simulate(cut_, cluster);
    EXPECT_TRUE(simulation) << simulation.error().message;
    return std::move(*simulation);
  }
  const Cut& cut() const { return cut_; }

 private:
  Graph& ShardOf(NodeId node) { return cut_.shards[static_cast<size_t>(node)]; }
  Cut cut_;
  ValueId last_ = kNoValue;
};

}  // namespace disco
