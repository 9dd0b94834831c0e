// SPDX-License-Identifier: Apache-2.0
// Simulate: plays the shards of a cut on a cluster, op by op, as nodes would run them, and says
// what one inference takes and why (docs/design/simulate.md).
//
// A node runs its ops in order. A Send packs and posts, and never waits; `with_next` it is copied
// aside, and posted by the next Send to the same node, which pays the overhead for both. A Receive
// copies its input where it has one, then for each of its messages waits and unpacks. A message
// begins when it is posted and all earlier ones of its link have left, takes (payload + frame) /
// bandwidth to leave, and arrives the link's latency later. All nodes start at 0 with their inputs
// in place.
//
// Thread rule: pure and deterministic. Errors: kInvalid when the cluster has fewer nodes than the
// plan, when shards wait for what nobody sends, or when the time is beyond all counting.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "disco/base/timeline.h"
#include "disco/cost/cluster.h"
#include "disco/cost/op_time.h"
#include "disco/shard/cut.h"

namespace disco {

// What stands before every payload on the wire (docs/format/wire.md).
inline constexpr Bytes kFrameBytes{48};

enum class EventKind : uint8_t {
  kCompute,
  kSend,     // packing
  kWait,     // for a message
  kReceive,  // unpacking, or copying own features in front of those received
  kLink,     // a message leaving over its link
  kLatency,  // its last byte under way
};
std::string_view Name(EventKind kind);  // "compute", "send", "wait", "receive", "link", "latency"

// What took time; what takes none is no event.
struct SimulatedEvent {
  EventKind kind = EventKind::kCompute;
  NodeId node = 0;   // of a message: the sender
  NodeId to = 0;     // of a message: the receiver; else `node`
  std::string name;  // of the op; of a message: of its Send
  Milliseconds start{0}, end{0};
  // The event that determined when this one began, or, of a wait, ended: its `end` is equal. Before
  // this one in the timeline; nothing: began at 0.
  std::optional<size_t> cause;
};

struct NodeTimes {
  Milliseconds compute{0}, wait{0}, pack{0};  // pack: packing, unpacking and copying
  Milliseconds end{0};                        // of its last op
  Bytes sent, received;                       // payload
};

// When a message was packed, when its last byte came, and when its receiver came to read it.
struct MessageTimes {
  Milliseconds packed{0}, arrived{0}, wanted{0};
};

// One ordered pair that messages go over.
struct LinkUse {
  NodeId from = 0, to = 0;
  int64_t messages = 0;
  Bytes bytes;             // payload
  Milliseconds busy{0};    // carrying payloads and frames
  Milliseconds waited{0};  // of the receiver for messages of this link
  double utilisation = 0;  // busy / total
};

struct Simulation {
  Milliseconds total{0};
  std::vector<NodeTimes> nodes;
  std::vector<MessageTimes> messages;    // by transfer
  std::vector<LinkUse> links;            // by from, then to
  std::optional<size_t> slowest_link;    // the one that is busy longest
  std::vector<SimulatedEvent> timeline;  // of each node in order, as it was played
  std::vector<size_t> critical_path;     // of the timeline: one ends where the next begins, from 0
                                         // to `total`
};

// The shards of a cut, made ready once to be played on any number of clusters.
class Simulator {
 public:
  // `cut` has to live as long.
  static Result<Simulator> Make(const Cut& cut);
  Result<Simulation> On(const Cluster& cluster) const;

 private:
  explicit Simulator(const Cut& cut) : traffic_(&cut.traffic), shards_(cut.shards) {}

  const std::vector<Transfer>* traffic_;
  std::vector<Graph> shards_;               // as kernels run them
  std::vector<std::vector<OpWork>> works_;  // by shard and op
};

// What a message saves its sender that leaves with the next: its overhead, less the time to copy
// it.
Milliseconds SavedWithNext(const Transfer& transfer, const NodeSpeed& sender);

// On one cluster.
Result<Simulation> Simulate(const Cut& cut, const Cluster& cluster);

// A group per node, with a track of its processor and one for each link out of it.
std::vector<TimelineEvent> TimelineOf(const Simulation& simulation, const Cluster& cluster);

}  // namespace disco
