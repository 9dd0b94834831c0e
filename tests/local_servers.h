// SPDX-License-Identifier: Apache-2.0
// Nodes in the process of a test, patient enough for sanitizers.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "disco/node/loopback_nodes.h"

namespace disco {

class LocalServers {
 public:
  explicit LocalServers(int count, const NodeLimits& limits = {.patience = Milliseconds(60'000)}) {
    auto nodes = LoopbackNodes::Start(std::vector<NodeLimits>(static_cast<size_t>(count), limits));
    EXPECT_TRUE(nodes) << nodes.error().message;
    nodes_ = std::move(*nodes);
    endpoints = nodes_->endpoints();
  }
  std::vector<Endpoint> endpoints;

 private:
  std::unique_ptr<LoopbackNodes> nodes_;
};

}  // namespace disco
