// SPDX-License-Identifier: Apache-2.0
// Node servers in the process of a test, each on a free port and with its own thread; stopped with
// the object.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "disco/node/server.h"

namespace disco {

class LocalServers {
 public:
  explicit LocalServers(int count, const NodeLimits& limits = {.patience = Milliseconds(60'000)}) {
    for (int i = 0; i < count; ++i) {
      auto server = NodeServer::Start({"127.0.0.1", 0}, limits, [](const std::string&) {});
      EXPECT_TRUE(server) << server.error().message;
      endpoints.push_back({"127.0.0.1", (*server)->port()});
      servers_.push_back(std::move(*server));
      threads_.emplace_back(
          [server = servers_.back().get()] { EXPECT_TRUE(server->Run([] { return false; })); });
    }
  }
  ~LocalServers() {
    for (auto& server : servers_) server->Stop();
    threads_.clear();
  }
  std::vector<Endpoint> endpoints;

 private:
  std::vector<std::unique_ptr<NodeServer>> servers_;
  std::vector<std::jthread> threads_;
};

}  // namespace disco
