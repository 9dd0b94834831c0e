// SPDX-License-Identifier: Apache-2.0
#include "disco/cost/simulate.h"

namespace disco {

std::string_view Name(EventKind kind) {
  constexpr std::array<std::string_view, 6> kNames = {"compute", "send", "wait",
                                                      "receive", "link", "latency"};
  return kNames[static_cast<size_t>(kind)];
}

std::vector<TimelineEvent> TimelineOf(const Simulation& simulation, const Cluster& cluster) {
  std::vector<TimelineEvent> events;
  for (NodeId node = 0; node < static_cast<NodeId>(simulation.nodes.size()); ++node) {
    for (const SimulatedEvent& event : simulation.timeline) {
      // What is under way on a link shares it with the next message, and has no row of its own.
      if (event.node != node || event.kind == EventKind::kLatency) continue;
      const bool link = event.kind == EventKind::kLink;
      events.push_back({.group = fmt::format("node {} ({})", node, cluster.node(node).name),
                        .track = link ? fmt::format("link to node {}", event.to) : "compute",
                        .name = event.name,
                        .category = std::string(Name(event.kind)),
                        .start = event.start,
                        .end = event.end});
    }
  }
  return events;
}

}  // namespace disco
