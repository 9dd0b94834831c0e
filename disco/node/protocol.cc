// SPDX-License-Identifier: Apache-2.0
#include "disco/node/protocol.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "disco/base/hash.h"
#include "disco/base/text.h"
#include "disco/node/session.h"
#include "disco/plan/json_number.h"
#include "disco/plan/plan.h"

namespace disco {
namespace {

using Json = nlohmann::json;

static_assert(std::endian::native == std::endian::little, "frames and payloads are little-endian");

constexpr int kMaxThreads = 256;
constexpr size_t kMaxSession = 64;

// Runs `read` over the parsed text; whatever is wrong with it becomes an error.
template <class Function>
auto FromJson(std::string_view text, std::string_view what, Function&& read)
    -> decltype(read(Json())) {
  const auto wrong = [what](std::string_view why) {
    return Fail(ErrorKind::kPeer, "its {} message cannot be read: {}", what, why);
  };
  try {
    auto message = read(Json::parse(text));
    if (!message) return wrong(message.error().message);
    return message;
  } catch (const Json::exception& error) {
    return wrong(error.what());
  }
}

// Bytes that are not UTF-8, in a warning about an op for instance, become U+FFFD.
std::string Text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<uint64_t> HashFrom(const std::string& text) {
  uint64_t hash = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, hash, 16);
  if (error != std::errc() || rest != end)
    return Fail(ErrorKind::kPeer, "'{}' is not a hash", text);
  return hash;
}

Result<Bytes> BytesFrom(const Json& json, std::string_view field) {
  constexpr NumberRange<int64_t> kNotNegative{.least = 0};
  DISCO_ASSIGN(const int64_t bytes, WholeNumber(json.at(field), field, kNotNegative));
  return Bytes{bytes};
}

Result<int> IntFrom(const Json& json, std::string_view field, int least, int most) {
  DISCO_ASSIGN(const int64_t number, WholeNumber(json.at(field), field, {least, most}));
  return static_cast<int>(number);
}

// Letters and digits: it is written to the log.
Result<std::string> SessionFrom(const Json& json) {
  const auto session = json.at("session").get<std::string>();
  const bool plain = std::all_of(session.begin(), session.end(), [](char letter) {
    return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z');
  });
  if (!plain || session.empty() || session.size() > kMaxSession)
    return Fail(ErrorKind::kPeer, "session is not a name of 1 to {} letters and digits",
                kMaxSession);
  return session;
}

Status ReadCallersPart(const Json& json, Hello& hello) {
  DISCO_ASSIGN(hello.shard_hash, HashFrom(json.at("shard").get<std::string>()));
  DISCO_ASSIGN(hello.shard_size, BytesFrom(json, "shard_bytes"));
  // A caller keeps a part of its deadline for itself.
  constexpr NumberRange<double> kRange{kShortestDeadline.count() * kNodeDeadlineShare,
                                       kLongestDeadline.count()};
  DISCO_ASSIGN(const double deadline, RealNumber(json.at("deadline_ms"), "deadline_ms", kRange));
  hello.deadline = Milliseconds(deadline);
  DISCO_ASSIGN(hello.program.kernel, ParseKernelKind(json.at("kernel").get<std::string>()));
  DISCO_ASSIGN(hello.program.threads, IntFrom(json, "threads", 1, kMaxThreads));
  if (json.contains("shape")) {
    DISCO_ASSIGN(hello.shape, ParseLinkShape(json["shape"].get<std::string>()));
  }
  for (const Json& endpoint : json.at("listen")) {
    DISCO_ASSIGN(Endpoint parsed, ParseEndpoint(endpoint.get<std::string>()));
    hello.listen.push_back(std::move(parsed));
  }
  if (static_cast<int>(hello.listen.size()) != hello.nodes) {
    return Fail(ErrorKind::kPeer, "{} endpoints for {} nodes", hello.listen.size(), hello.nodes);
  }
  return {};
}

// In the bytes of a report: whether there was an overflow, the length of the op's name, the name.
constexpr size_t kOverflowOffset = 56;

// Errors: kPeer. Names are made fit for terminals.
Result<std::optional<std::string>> DecodeOverflow(std::span<const std::byte> bytes) {
  const auto size = static_cast<size_t>(bytes[1]);
  if (bytes[0] > std::byte{1} || size > kMostOverflowName)
    return Fail(ErrorKind::kPeer, "its report makes no sense");
  if (bytes[0] == std::byte{0}) return std::nullopt;
  const std::string_view name(reinterpret_cast<const char*>(bytes.data()) + 2, size);
  return Printable(std::string(name));
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
    if (hello.shape) json["shape"] = ToString(*hello.shape);
    for (const Endpoint& endpoint : hello.listen) json["listen"].push_back(ToString(endpoint));
  } else {
    json["to"] = hello.to;
  }
  return Text(json);
}

Result<Hello> HelloFromJson(std::string_view text) {
  return FromJson(text, "hello", [](const Json& json) -> Result<Hello> {
    const auto role = json.at("role").get<std::string>();
    if (role != "caller" && role != "node")
      return Fail(ErrorKind::kPeer, "role is neither caller nor node");
    Hello hello;
    hello.role = role == "node" ? Hello::Role::kNode : Hello::Role::kCaller;
    DISCO_ASSIGN(hello.session, SessionFrom(json));
    DISCO_ASSIGN(hello.nodes, IntFrom(json, "nodes", 1, kMaxNodes));
    DISCO_ASSIGN(hello.node, IntFrom(json, "node", 0, hello.nodes - 1));
    if (hello.role == Hello::Role::kCaller) {
      DISCO_TRY(ReadCallersPart(json, hello));
    } else {
      DISCO_ASSIGN(hello.to, IntFrom(json, "to", 0, hello.nodes - 1));
    }
    return hello;
  });
}

std::string ToJson(const HelloReply& reply) { return Text({{"need_shard", reply.need_shard}}); }

Result<HelloReply> HelloReplyFromJson(std::string_view text) {
  return FromJson(text, "hello reply", [](const Json& json) -> Result<HelloReply> {
    return HelloReply{json.at("need_shard").get<bool>()};
  });
}

std::string ToJson(const Ready& ready) {
  return Text({{"kernels", ready.kernels},
               {"warnings", ready.warnings},
               {"weights", ready.weights.value},
               {"activations", ready.activations.value},
               {"buffers", ready.buffers.value},
               {"memory", ready.memory.value}});
}

Result<Ready> ReadyFromJson(std::string_view text) {
  return FromJson(text, "ready", [](const Json& json) -> Result<Ready> {
    Ready ready{.kernels = json.at("kernels").get<std::string>(),
                .warnings = json.at("warnings").get<std::vector<std::string>>()};
    // For terminals: a node is not trusted to write there as it likes.
    ready.kernels = Printable(std::move(ready.kernels));
    for (std::string& warning : ready.warnings) warning = Printable(std::move(warning));
    DISCO_ASSIGN(ready.weights, BytesFrom(json, "weights"));
    DISCO_ASSIGN(ready.activations, BytesFrom(json, "activations"));
    DISCO_ASSIGN(ready.buffers, BytesFrom(json, "buffers"));
    DISCO_ASSIGN(ready.memory, BytesFrom(json, "memory"));
    return ready;
  });
}

std::array<std::byte, kReportSize> Encode(const NodeReport& report) {
  const int64_t counts[] = {report.sent.value, report.received.value, report.page_faults,
                            report.peak_memory.value};
  const double times[] = {report.total.count(), report.wait.count(), report.exchange.count()};
  static_assert(sizeof(counts) + sizeof(times) == kOverflowOffset);
  std::array<std::byte, kReportSize> bytes{};
  std::memcpy(bytes.data(), counts, sizeof(counts));
  std::memcpy(bytes.data() + sizeof(counts), times, sizeof(times));
  if (report.overflow) {
    const std::string_view name = std::string_view(*report.overflow).substr(0, kMostOverflowName);
    bytes[kOverflowOffset] = std::byte{1};
    bytes[kOverflowOffset + 1] = static_cast<std::byte>(name.size());
    std::ranges::copy(std::as_bytes(std::span(name)), bytes.begin() + kOverflowOffset + 2);
  }
  return bytes;
}

Result<NodeReport> DecodeReport(std::span<const std::byte, kReportSize> bytes) {
  int64_t counts[4];
  double times[3];
  std::memcpy(counts, bytes.data(), sizeof(counts));
  std::memcpy(times, bytes.data() + sizeof(counts), sizeof(times));
  const auto is_time = [](double ms) { return ms >= 0 && std::isfinite(ms); };
  const bool counted =
      std::all_of(std::begin(counts), std::end(counts), [](int64_t count) { return count >= 0; });
  if (!counted || !std::all_of(std::begin(times), std::end(times), is_time))
    return Fail(ErrorKind::kPeer, "its report makes no sense");
  DISCO_ASSIGN(const std::optional<std::string> overflow,
               DecodeOverflow(bytes.subspan(kOverflowOffset)));
  return NodeReport{.sent = {counts[0]},
                    .received = {counts[1]},
                    .total = Milliseconds(times[0]),
                    .wait = Milliseconds(times[1]),
                    .exchange = Milliseconds(times[2]),
                    .page_faults = counts[2],
                    .peak_memory = {counts[3]},
                    .overflow = overflow};
}

}  // namespace disco
