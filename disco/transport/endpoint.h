// SPDX-License-Identifier: Apache-2.0
// Endpoint: where a node listens, as people write it: "127.0.0.1:7701", "[::1]:7701",
// "kitchen:7701". Thread rule: plain values. Errors: kUsage, naming the text and an example.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "disco/base/result.h"

namespace disco {

struct Endpoint {
  std::string host;   // name or address; an IPv6 address stands here without its brackets
  uint16_t port = 0;  // 0, for a listener: any free port
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

Result<Endpoint> ParseEndpoint(std::string_view text);

// "a:7701,b:7701": at least one, in the order written.
Result<std::vector<Endpoint>> ParseEndpoints(std::string_view text);

// What ParseEndpoint reads.
std::string ToString(const Endpoint& endpoint);

}  // namespace disco
