// SPDX-License-Identifier: Apache-2.0
// What the members of a session say to one another, beside features. Private to the room; bytes are
// described in docs/format/wire.md.
//
//   caller -> node   hello (who is who)          node -> node   hello (which session)
//   node -> caller   hello reply (shard needed?)
//   caller -> node   shard (if needed)
//   node -> caller   ready (its shard is loaded)
//   caller -> node   link (all nodes are ready)
//   node -> caller   linked (its links to all other nodes stand)
//   then, per inference:  caller -> node  query, inputs;  node -> node  features;  node -> caller
//   outputs, report
//
// Texts are JSON of at most kMaxText bytes. Thread rule: plain values. Errors: kPeer.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "disco/base/units.h"
#include "disco/kernel/program.h"
#include "disco/transport/endpoint.h"
#include "disco/transport/frame.h"
#include "disco/transport/shape.h"

namespace disco {

inline constexpr size_t kMaxText = 16384;
// The `transfer` of the output frame that carries a NodeReport, and of the one with a timeline.
inline constexpr uint32_t kReportTransfer = 0xffffffff, kTimelineTransfer = 0xfffffffe;
// The `transfer` of a query is the sum of these.
inline constexpr uint32_t kQueryBringsInputs = 1;  // else the node takes its last ones again
inline constexpr uint32_t kQueryAsksTimeline = 2;  // a timeline follows the report
inline constexpr uint32_t kQueryNotFinite =
    4;  // the network's inputs or constants are not all finite
// A node gives up a little before its caller does, so that the caller hears which node was to
// blame.
inline constexpr double kNodeDeadlineShare = 0.8;

// From a caller, or from another node of the session (then only role, session, node and to matter).
struct Hello {
  enum class Role { kCaller, kNode };
  Role role = Role::kCaller;
  std::string session;  // random; names the session
  int node = 0;         // caller: which node the listener is to be; node: which node speaks
  int to = 0;           // node: which node the listener is; several may listen at one endpoint
  int nodes = 1;
  uint64_t plan_hash = 0, shard_hash = 0;
  Bytes shard_size;
  Milliseconds deadline{0};        // of one inference, on the node
  ProgramOptions program;          // without its throttle, which is the node's own
  std::optional<LinkShape> shape;  // of the links between nodes
  std::vector<Endpoint> listen;    // of all nodes, as the caller reaches them
};
std::string ToJson(const Hello& hello);
// Checks every field's range. `plan_hash` comes from the frame.
Result<Hello> HelloFromJson(std::string_view text);

struct HelloReply {
  bool need_shard = true;
};
std::string ToJson(const HelloReply& reply);
Result<HelloReply> HelloReplyFromJson(std::string_view text);

// What a node has to say when it is ready.
struct Ready {
  std::string kernels;
  std::vector<std::string> warnings;
  Bytes weights, activations, buffers;
  Bytes memory;  // that the node lends to all its sessions together
};
std::string ToJson(const Ready& ready);
Result<Ready> ReadyFromJson(std::string_view text);

// How one inference went on one node. Payload bytes of features only.
struct NodeReport {
  Bytes sent, received;
  // From the query to the last step; thereof waiting for other nodes' features, and packing,
  // posting and placing features.
  Milliseconds total{0}, wait{0}, exchange{0};
  int64_t page_faults = 0;
  Bytes peak_memory;  // of the node's process, so far
  // As Program::overflow has it; names are cut to kMostOverflowName bytes.
  std::optional<std::string> overflow;
};
inline constexpr size_t kMostOverflowName = 126;
inline constexpr size_t kReportSize = 56 + 2 + kMostOverflowName;
std::array<std::byte, kReportSize> Encode(const NodeReport& report);
// Errors: kPeer when a count or a time is negative, or a time no number.
Result<NodeReport> DecodeReport(std::span<const std::byte, kReportSize> bytes);

}  // namespace disco
