// SPDX-License-Identifier: Apache-2.0
#include "disco/transport/endpoint.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace disco {
namespace {

std::optional<uint16_t> ParsePort(std::string_view text) {
  uint16_t port = 0;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, port);
  if (error != std::errc() || end != last) return std::nullopt;
  return port;
}

// The host without brackets; brackets stand around an address with colons, and around nothing else.
std::optional<std::string_view> ParseHost(std::string_view text) {
  const bool bracketed = text.size() > 2 && text.front() == '[' && text.back() == ']';
  const std::string_view host = bracketed ? text.substr(1, text.size() - 2) : text;
  const auto unprintable = [](unsigned char c) { return c <= ' ' || c == 0x7f; };
  if (host.empty() || host.find_first_of("[],") != host.npos) return std::nullopt;
  if (std::any_of(host.begin(), host.end(), unprintable)) return std::nullopt;
  if (bracketed != (host.find(':') != host.npos)) return std::nullopt;
  return host;
}

}  // namespace

Result<Endpoint> ParseEndpoint(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon != text.npos) {
    const auto host = ParseHost(text.substr(0, colon));
    const auto port = ParsePort(text.substr(colon + 1));
    if (host && port) return Endpoint{std::string(*host), *port};
  }
  return Fail(ErrorKind::kUsage,
              "cannot read '{}' as host:port; write it like 127.0.0.1:7701 or [::1]:7701", text);
}

Result<std::vector<Endpoint>> ParseEndpoints(std::string_view text) {
  std::vector<Endpoint> endpoints;
  while (true) {
    const size_t comma = text.find(',');
    DISCO_ASSIGN(Endpoint endpoint, ParseEndpoint(text.substr(0, comma)));
    endpoints.push_back(std::move(endpoint));
    if (comma == text.npos) return endpoints;
    text.remove_prefix(comma + 1);
  }
}

std::string ToString(const Endpoint& endpoint) {
  const bool brackets = endpoint.host.find(':') != std::string::npos;
  return fmt::format(fmt::runtime(brackets ? "[{}]:{}" : "{}:{}"), endpoint.host, endpoint.port);
}

}  // namespace disco
