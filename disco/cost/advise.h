// SPDX-License-Identifier: Apache-2.0
// Advise: one node, or how many, and at which S, by simulating plans for 1 to N nodes of a cluster;
// and the bandwidth at which each of them is no slower than one node.
//
// A plan for n nodes takes the n that are fastest at this network alone, in the order of the
// cluster, and gives them shares in proportion to that speed. Its mask is by the weights as they
// are; what accuracy a network has at S is not known here. Thread rule: one thread. Errors: those
// of MakePlan and CutNetwork; kUsage naming the option.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "disco/cost/one_node.h"

namespace disco {

struct AdviseOptions {
  int nodes_max = 0;  // 0: all of the cluster
  std::vector<double> sparsities = {0.8, 0.9, 0.95, 0.99};
  // Told how many plans are done, of how many.
  std::function<void(int64_t done, int64_t total)> progress;
};

// Bandwidths that are tried, relative to the cluster's.
inline constexpr double kLeastFactor = 0.1, kMostFactor = 100;

struct Candidate {
  std::string method;  // "dense", "disco", "branches": S = 0, as asked for, 1
  double sparsity = 0;
  std::vector<NodeId> nodes;   // of the cluster, ascending
  std::vector<double> shares;  // empty: equal
  bool fits = false;           // every shard in its node's memory
  Milliseconds time{0};
  std::vector<Milliseconds> times;  // by Advice::factors
  // The least factor at which it is no slower than one node: kLeastFactor if it is there already;
  // nothing if it is not even at kMostFactor.
  std::optional<double> break_even;
};

struct Advice {
  OneNode one_node;
  // From kLeastFactor to kMostFactor, evenly in logarithm. Empty when the default link is unlimited
  // or one node takes no time.
  std::vector<double> factors;
  std::vector<Candidate> candidates;  // of 2 nodes, then 3, ...; each by S
  // The fastest that fits, without branches, which only bound what is possible; of those within 1 %
  // of it the one with the least S, then the fewest nodes. Nothing: use one node.
  std::optional<size_t> best;
  // The one of least S that is faster than one node by 1 % or more.
  std::optional<size_t> least_sparse;
};

Result<Advice> Advise(const Graph& graph, const Cluster& cluster, const AdviseOptions& options);

}  // namespace disco
