// SPDX-License-Identifier: Apache-2.0
#include "disco/node/protocol.h"

#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>

#include "disco/base/hash.h"
#include "disco/plan/assignment.h"

namespace disco {
namespace {

using Json = nlohmann::json;

static_assert(std::endian::native == std::endian::little, "frames and payloads are little-endian");

constexpr int kMaxThreads = 256;
constexpr double kLongestDeadlineMs = 3.6e6;

// Runs `read` over the parsed text; whatever is wrong with it becomes an error.
template <class Function>
auto FromJson(std::string_view text, std::string_view what, Function&& read)
    -> decltype(read(Json())) {
  try {
    return read(Json::parse(text));
  } catch (const Json::exception& error) {
    return Fail(ErrorKind::kPeer, "its {} message cannot be read: {}", what, error.what());
  }
}

Result<uint64_t> HashFrom(const std::string& text) {
  try {
    size_t used = 0;
    const uint64_t hash = std::stoull(text, &used, 16);
    if (used == text.size()) return hash;
  } catch (const std::exception&) {  // not a number: said below
  }
  return Fail(ErrorKind::kPeer, "'{}' is not a hash", text);
}

Status CheckRanges(const Hello& hello) {
  const bool known_node =
      hello.nodes >= 1 && hello.nodes <= kMaxNodes && hello.node >= 0 && hello.node < hello.nodes;
  const bool known_session = !hello.session.empty() && hello.session.size() <= 64;
  if (!known_node || !known_session)
    return Fail(ErrorKind::kPeer, "node {} of {} makes no sense", hello.node, hello.nodes);
  if (hello.role == Hello::Role::kNode) return {};
  const double deadline = hello.deadline.count();
  if (!(deadline > 0 && deadline <= kLongestDeadlineMs) || hello.program.threads < 1 ||
      hello.program.threads > kMaxThreads || hello.shard_size.value < 0 ||
      static_cast<int>(hello.listen.size()) != hello.nodes) {
    return Fail(ErrorKind::kPeer, "its hello message makes no sense");
  }
  return {};
}

}  // namespace

std::string ToJson(const Hello& hello) {
  Json json = {{"role", hello.role == Hello::Role::kCaller ? "caller" : "node"},
               {"session", hello.session},
               {"node", hello.node},
               {"nodes", hello.nodes}};
  if (hello.role == Hello::Role::kCaller) {
    json["shard"] = HashText(hello.shard_hash);
    json["shard_bytes"] = hello.shard_size.value;
    json["deadline_ms"] = hello.deadline.count();
    json["kernel"] = hello.program.kernel == KernelKind::kOneDnn ? "onednn" : "reference";
    json["threads"] = hello.program.threads;
    for (const Endpoint& endpoint : hello.listen) json["listen"].push_back(ToString(endpoint));
  }
  return json.dump();
}

Result<Hello> HelloFromJson(std::string_view text) {
  return FromJson(text, "hello", [](const Json& json) -> Result<Hello> {
    Hello hello;
    hello.role =
        json.at("role").get<std::string>() == "node" ? Hello::Role::kNode : Hello::Role::kCaller;
    hello.session = json.at("session").get<std::string>();
    hello.node = json.at("node").get<int>();
    hello.nodes = json.at("nodes").get<int>();
    if (hello.role == Hello::Role::kCaller) {
      DISCO_ASSIGN(hello.shard_hash, HashFrom(json.at("shard").get<std::string>()));
      hello.shard_size = Bytes{json.at("shard_bytes").get<int64_t>()};
      hello.deadline = Milliseconds(json.at("deadline_ms").get<double>());
      DISCO_ASSIGN(hello.program.kernel, ParseKernelKind(json.at("kernel").get<std::string>()));
      hello.program.threads = json.at("threads").get<int>();
      for (const Json& endpoint : json.at("listen")) {
        DISCO_ASSIGN(Endpoint parsed, ParseEndpoint(endpoint.get<std::string>()));
        hello.listen.push_back(std::move(parsed));
      }
    }
    DISCO_TRY(CheckRanges(hello));
    return hello;
  });
}

std::string ToJson(const HelloReply& reply) {
  return Json{{"need_shard", reply.need_shard}}.dump();
}

Result<HelloReply> HelloReplyFromJson(std::string_view text) {
  return FromJson(text, "hello reply", [](const Json& json) -> Result<HelloReply> {
    return HelloReply{json.at("need_shard").get<bool>()};
  });
}

std::string ToJson(const Ready& ready) {
  return Json{{"kernels", ready.kernels},
              {"warnings", ready.warnings},
              {"weights", ready.weights.value},
              {"activations", ready.activations.value}}
      .dump();
}

Result<Ready> ReadyFromJson(std::string_view text) {
  return FromJson(text, "ready", [](const Json& json) -> Result<Ready> {
    return Ready{
        json.at("kernels").get<std::string>(), json.at("warnings").get<std::vector<std::string>>(),
        Bytes{json.at("weights").get<int64_t>()}, Bytes{json.at("activations").get<int64_t>()}};
  });
}

std::array<std::byte, kReportSize> Encode(const NodeReport& report) {
  const int64_t sent = report.sent.value, received = report.received.value;
  const double total = report.total.count(), wait = report.wait.count();
  std::array<std::byte, kReportSize> bytes;
  std::memcpy(&bytes[0], &sent, 8);
  std::memcpy(&bytes[8], &received, 8);
  std::memcpy(&bytes[16], &total, 8);
  std::memcpy(&bytes[24], &wait, 8);
  return bytes;
}

NodeReport DecodeReport(std::span<const std::byte, kReportSize> bytes) {
  int64_t sent = 0, received = 0;
  double total = 0, wait = 0;
  std::memcpy(&sent, &bytes[0], 8);
  std::memcpy(&received, &bytes[8], 8);
  std::memcpy(&total, &bytes[16], 8);
  std::memcpy(&wait, &bytes[24], 8);
  return {Bytes{sent}, Bytes{received}, Milliseconds(total), Milliseconds(wait)};
}

}  // namespace disco
