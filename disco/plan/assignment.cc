// SPDX-License-Identifier: Apache-2.0
#include "disco/plan/assignment.h"

#include <charconv>
#include <cmath>
#include <map>
#include <numeric>

namespace disco {
namespace {

constexpr NodeId kFree = -1;

struct AtomWeight {
  AtomId atom;
  int64_t features;  // of this value
};

// Hands the free atoms of one value to nodes, in order. A node takes atoms until it has reached its
// share.
void AssignValue(const ValueFeatures& value, const std::vector<double>& shares,
                 std::vector<NodeId>& owners) {
  std::vector<double> wanted;  // features each node still has room for
  for (const double share : shares)
    wanted.push_back(share * static_cast<double>(value.atoms.size()));
  std::vector<AtomWeight> free;
  std::map<AtomId, size_t> places;
  for (const AtomId atom : value.atoms) {
    const NodeId owner = owners[static_cast<size_t>(atom)];
    if (owner != kFree) {
      wanted[static_cast<size_t>(owner)] -= 1;
    } else if (const auto [place, fresh] = places.try_emplace(atom, free.size()); fresh) {
      free.push_back({atom, 1});
    } else {
      ++free[place->second].features;
    }
  }
  double room = 0;
  for (double& want : wanted) {
    want = std::max(want, 0.0);
    room += want;
  }
  int64_t total = 0;
  for (const AtomWeight& atom : free) total += atom.features;
  // Boundaries between nodes lie at the cumulated room, scaled to what is free; an atom belongs
  // where its middle lies.
  double done = 0, boundary = 0;
  size_t node = 0;
  auto end_of = [&](size_t n) {
    return room > 0 ? wanted[n] / room * static_cast<double>(total) : 0;
  };
  boundary = end_of(0);
  for (const AtomWeight& atom : free) {
    const double middle = done + static_cast<double>(atom.features) / 2;
    // Rounding must not move a middle that lies on a boundary.
    while (node + 1 < shares.size() && middle > boundary + 1e-9) boundary += end_of(++node);
    owners[static_cast<size_t>(atom.atom)] = static_cast<NodeId>(node);
    done += static_cast<double>(atom.features);
  }
}

}  // namespace

Result<std::vector<double>> ParseShares(std::string_view text, int nodes) {
  if (nodes < 1 || nodes > kMaxNodes) {
    return Fail(ErrorKind::kUsage, "{} nodes; between 1 and {} are possible", nodes, kMaxNodes);
  }
  if (text.empty()) return std::vector<double>(static_cast<size_t>(nodes), 1.0 / nodes);
  std::vector<double> shares;
  const char* start = text.data();
  const char* end = start + text.size();
  while (true) {
    double share = 0;
    const auto [rest, error] = std::from_chars(start, end, share);
    if (error != std::errc() || !(share > 0) || !std::isfinite(share) ||
        (rest != end && *rest != ',')) {
      return Fail(ErrorKind::kUsage,
                  "cannot read shares '{}'; write positive numbers like 40,35,25", text);
    }
    shares.push_back(share);
    if (rest == end) break;
    start = rest + 1;
  }
  if (static_cast<int>(shares.size()) != nodes) {
    return Fail(ErrorKind::kUsage, "{} shares for {} nodes", shares.size(), nodes);
  }
  const double total = std::accumulate(shares.begin(), shares.end(), 0.0);
  if (!std::isfinite(total))
    return Fail(ErrorKind::kUsage, "shares '{}' are too large; write them like 40,35,25", text);
  for (double& share : shares) share /= total;
  return shares;
}

std::vector<NodeId> AssignAtoms(const Coupling& coupling, const std::vector<double>& shares) {
  AtomId atoms = 0;
  for (const auto& value : coupling.values) {
    if (!value) continue;
    for (const AtomId atom : value->atoms) atoms = std::max(atoms, atom + 1);
  }
  std::vector<NodeId> owners(static_cast<size_t>(atoms), kFree);
  for (const auto& value : coupling.values) {
    if (value) AssignValue(*value, shares, owners);
  }
  return owners;
}

}  // namespace disco
