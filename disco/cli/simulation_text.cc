// SPDX-License-Identifier: Apache-2.0
#include "disco/cli/simulation_text.h"

#include <algorithm>
#include <array>

namespace disco {
namespace {

bool IsMessage(EventKind kind) { return kind == EventKind::kLink || kind == EventKind::kLatency; }

std::string Describe(const PathPiece& piece, const Cluster& cluster) {
  const std::string time = fmt::format("{:9.3f} ms  ", (piece.end - piece.start).count());
  const std::string& node = cluster.node(piece.node).name;
  if (piece.message) {
    return fmt::format("{}{} -> {}: {}", time, node, cluster.node(piece.to).name, piece.first);
  }
  if (piece.events == 1) return fmt::format("{}{}: {}", time, node, piece.first);
  return fmt::format("{}{}: {} to {} ({} steps)", time, node, piece.first, piece.last,
                     piece.events);
}

// A piece of the critical path of each sort, summed up.
std::string SumUp(const Simulation& simulation) {
  std::array<Milliseconds, 6> sums{};
  for (const size_t event : simulation.critical_path) {
    const SimulatedEvent& step = simulation.timeline[event];
    sums[static_cast<size_t>(step.kind)] += step.end - step.start;
  }
  const auto of = [&](EventKind kind) { return sums[static_cast<size_t>(kind)].count(); };
  return fmt::format(
      "critical path: {:.2f} ms compute, {:.2f} ms on links, {:.2f} ms latency, {:.2f} ms packing",
      of(EventKind::kCompute), of(EventKind::kLink), of(EventKind::kLatency),
      of(EventKind::kSend) + of(EventKind::kReceive));
}

// How much of each column one node spends in each state.
using Shares = std::vector<std::array<double, 3>>;
constexpr std::string_view kStates = "#+.";

void Spread(const SimulatedEvent& event, Milliseconds total, Shares& shares) {
  const size_t state = event.kind == EventKind::kCompute ? 0
                       : event.kind == EventKind::kWait  ? 2
                                                         : 1;
  const auto columns = static_cast<double>(shares.size());
  const double start = event.start / total * columns, end = event.end / total * columns;
  for (auto column = static_cast<size_t>(start); column < shares.size(); ++column) {
    const auto left = static_cast<double>(column);
    if (left >= end) break;
    shares[column][state] += std::min(end, left + 1) - std::max(start, left);
  }
}

}  // namespace

std::vector<PathPiece> PiecesOf(const Simulation& simulation) {
  std::vector<PathPiece> pieces;
  for (const size_t id : simulation.critical_path) {
    const SimulatedEvent& event = simulation.timeline[id];
    const bool message = IsMessage(event.kind);
    // The latency of a message belongs to it; what follows on a node goes on with it.
    const bool goes_on = !pieces.empty() && pieces.back().message == message &&
                         pieces.back().node == event.node && pieces.back().to == event.to &&
                         (!message || event.kind == EventKind::kLatency);
    if (!goes_on)
      pieces.push_back({message, event.node, event.to, event.name, event.name, 0, event.start});
    pieces.back().last = event.name;
    pieces.back().end = event.end;
    ++pieces.back().events;
  }
  return pieces;
}

std::vector<std::string> DescribePath(const Simulation& simulation, const Cluster& cluster,
                                      size_t most) {
  const std::vector<PathPiece> pieces = PiecesOf(simulation);
  std::vector<size_t> longest(pieces.size());
  for (size_t i = 0; i < longest.size(); ++i) longest[i] = i;
  std::ranges::sort(longest, {},
                    [&](size_t i) { return std::pair(pieces[i].start - pieces[i].end, i); });
  longest.resize(std::min(most, longest.size()));
  std::ranges::sort(longest);
  std::vector<std::string> lines = {SumUp(simulation)};
  if (longest.size() < pieces.size()) {
    lines.push_back(fmt::format("the {} longest of its {} pieces, in their order:", longest.size(),
                                pieces.size()));
  }
  for (const size_t piece : longest) lines.push_back(Describe(pieces[piece], cluster));
  return lines;
}

std::vector<std::string> DrawTimeline(const Simulation& simulation, size_t columns) {
  std::vector<Shares> nodes(simulation.nodes.size(), Shares(columns));
  for (const SimulatedEvent& event : simulation.timeline) {
    if (!IsMessage(event.kind))
      Spread(event, simulation.total, nodes[static_cast<size_t>(event.node)]);
  }
  std::vector<std::string> lines;
  for (const Shares& shares : nodes) {
    std::string line;
    for (const auto& column : shares) {
      const auto most = std::ranges::max_element(column);
      const bool idle = column[0] + column[1] + column[2] < 0.5;
      line += idle ? ' ' : kStates[static_cast<size_t>(most - column.begin())];
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace disco
