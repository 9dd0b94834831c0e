// SPDX-License-Identifier: Apache-2.0
// LoopbackNodes: node servers in this process, each on a free port of 127.0.0.1 and with a thread
// of its own, until the object goes: what crosses a network crosses it here too, without any other
// process. Thread rule: one thread. Errors: kIo when there is no port to be had.
#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "disco/node/server.h"

namespace disco {

class LoopbackNodes {
 public:
  // One node for each of `limits`; all with the same keys.
  static Result<std::unique_ptr<LoopbackNodes>> Start(const std::vector<NodeLimits>& limits,
                                                      const SharedKeys& keys = nullptr) {
    auto nodes = std::make_unique<LoopbackNodes>();
    for (const NodeLimits& each : limits) {
      DISCO_ASSIGN(auto server,
                   NodeServer::Start({"127.0.0.1", 0}, each, [](const std::string&) {}, {keys}));
      nodes->endpoints_.push_back({"127.0.0.1", server->port()});
      nodes->servers_.push_back(std::move(server));
      nodes->threads_.emplace_back([server = nodes->servers_.back().get()] {
        // It ends when it is told to; what its sessions suffer, their callers hear.
        static_cast<void>(server->Run([] { return false; }));
      });
    }
    return nodes;
  }
  ~LoopbackNodes() {
    for (auto& server : servers_) server->Stop();
  }

  const std::vector<Endpoint>& endpoints() const { return endpoints_; }

 private:
  std::vector<Endpoint> endpoints_;
  std::vector<std::unique_ptr<NodeServer>> servers_;
  std::vector<std::jthread> threads_;  // joined before the servers go
};

}  // namespace disco
