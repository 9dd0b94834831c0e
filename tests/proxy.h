// SPDX-License-Identifier: Apache-2.0
// A TCP proxy in the process of a test: what comes to its endpoint goes on to `target`, at the
// speed that `before_passing` gives it.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <functional>
#include <thread>
#include <vector>

#include "disco/transport/socket.h"

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
      passing.emplace_back([this, a = std::move(**caller), b = std::move(*node)](
                               const std::stop_token& end) { PassBothWays(a, b, end); });
    }
  }

  void PassBothWays(const Socket& caller, const Socket& node, const std::stop_token& stop) {
    const std::jthread back(
        [&](const std::stop_token& end) { Pass(node, caller, end, [](int64_t) {}); });
    Pass(caller, node, stop, before_passing_);
    node.Shutdown();
    caller.Shutdown();
  }

  static void Pass(const Socket& from, const Socket& to, const std::stop_token& stop,
                   const std::function<void(int64_t)>& before) {
    std::vector<std::byte> bytes(4096);
    int64_t passed = 0;
    while (!stop.stop_requested()) {
      if (!WaitReadable(from, Deadline::In(kLook))) continue;
      const ssize_t count = recv(from.fd(), bytes.data(), bytes.size(), MSG_DONTWAIT);
      if (count <= 0) break;
      before(passed);
      const auto some = std::span(bytes).first(static_cast<size_t>(count));
      if (!SendAll(to, some, Deadline::In(kPatience))) break;
      passed += count;
    }
    to.Shutdown();
  }

  Socket listener_ = *Listen({"127.0.0.1", 0});
  Endpoint endpoint_{"127.0.0.1", 0}, target_;
  std::function<void(int64_t)> before_passing_;
  std::jthread accepting_;  // ends before what it uses
};

}  // namespace disco
