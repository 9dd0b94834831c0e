// SPDX-License-Identifier: Apache-2.0
// A TCP proxy in the process of a test: what comes to its endpoint goes on to `target`, at the
// speed that `before_passing` gives it.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <thread>
#include <vector>

#include "disco/transport/connect.h"
#include "disco/transport/socket.h"
#include "disco/transport/tcp_stream.h"

namespace disco {

class Proxy {
 public:
  // `before_passing` is called with the number of bytes that each connection has passed on to the
  // target before the next of them, and may wait.
  Proxy(const Endpoint& target, std::function<void(int64_t passed)> before_passing)
      : target_(target), before_passing_(std::move(before_passing)) {
    endpoint_.port = *LocalPort(listener_);
    accepting_ = std::jthread([this](const std::stop_token& stop) { Accept(stop); });
  }
  const Endpoint& endpoint() const { return endpoint_; }

 private:
  static constexpr Milliseconds kLook{20}, kPatience{60'000};

  void Accept(const std::stop_token& stop) {
    std::vector<std::jthread> passing;
    while (!stop.stop_requested()) {
      if (!WaitReadable(listener_, Deadline::In(kLook))) continue;
      auto caller = disco::Accept(listener_);
      if (!caller || !*caller) continue;
      auto node = Connect(target_, Deadline::In(kPatience));
      ASSERT_TRUE(node) << node.error().message;
      passing.emplace_back([this, a = MakeTcpStream(std::move(**caller)), b = std::move(*node)](
                               const std::stop_token& end) { PassBothWays(*a, *b, end); });
    }
  }

  // Both directions in one thread, since a stream belongs to one.
  void PassBothWays(Stream& caller, Stream& node, const std::stop_token& stop) {
    int64_t passed = 0;
    const std::array<Stream*, 2> both = {&caller, &node};
    while (!stop.stop_requested()) {
      const auto first = WaitForNews(both, Deadline::In(kLook));
      if (!first) continue;
      std::array<std::byte, 4096> bytes;
      const auto count = both[*first]->ReadSome(bytes);
      if (!count) break;
      if (*first == 0) {
        before_passing_(passed);
        passed += static_cast<int64_t>(*count);
      }
      Stream& to = *both[1 - *first];
      if (!SendAll(to, std::span(bytes).first(*count), Deadline::In(kPatience))) break;
    }
    node.Shutdown();
    caller.Shutdown();
  }

  Socket listener_ = *Listen({"127.0.0.1", 0});
  Endpoint endpoint_{"127.0.0.1", 0}, target_;
  std::function<void(int64_t)> before_passing_;
  std::jthread accepting_;  // ends before what it uses
};

}  // namespace disco
