// SPDX-License-Identifier: Apache-2.0
#include "disco/cost/advise.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "disco/cost/choose_shares.h"
#include "disco/cost/simulate.h"
#include "disco/plan/make_plan.h"

namespace disco {
namespace {

constexpr double kMargin = 0.01;  // what is closer is the same: the model does not know more
constexpr int kStepsPerDecade = 10;

struct Sort {
  Method method;
  double sparsity;  // nominal, for people
};

std::vector<Sort> SortsOf(std::vector<double> sparsities) {
  std::ranges::sort(sparsities);
  std::vector<Sort> sorts = {{Method::kDense, 0}};
  for (const double sparsity : sparsities) sorts.push_back({Method::kDisco, sparsity});
  sorts.push_back({Method::kBranches, 1});
  return sorts;
}

Status CheckOptions(const AdviseOptions& options, const Cluster& cluster) {
  const auto count = static_cast<int>(cluster.nodes.size());
  if (options.nodes_max < 0 || options.nodes_max > count) {
    return Fail(ErrorKind::kUsage, "--nodes-max {}: the cluster has {} nodes; take 1 to {}",
                options.nodes_max, count, count);
  }
  for (const double sparsity : options.sparsities) {
    if (!(sparsity > 0 && sparsity < 1)) {
      return Fail(ErrorKind::kUsage, "--sparsities {}: S is above 0 and below 1, like 0.9",
                  sparsity);
    }
  }
  return {};
}

std::vector<double> Factors() {
  const int steps =
      static_cast<int>(std::lround(std::log10(kMostFactor / kLeastFactor))) * kStepsPerDecade;
  std::vector<double> factors;
  for (int i = 0; i <= steps; ++i)
    factors.push_back(kLeastFactor * std::pow(10, static_cast<double>(i) / kStepsPerDecade));
  return factors;
}

class Adviser {
 public:
  Adviser(const WholeNetwork& network, const Cluster& cluster, const AdviseOptions& options)
      : network_(network), cluster_(cluster), options_(options) {}

  Result<Advice> Run() {
    DISCO_ASSIGN(advice_.one_node, OnOneNode(network_.for_nodes, cluster_));
    const bool drawable = std::isfinite(cluster_.link.bandwidth.bytes_per_second) &&
                          advice_.one_node.time() > Milliseconds(0);
    if (drawable) advice_.factors = Factors();
    const int most =
        options_.nodes_max > 0 ? options_.nodes_max : static_cast<int>(cluster_.nodes.size());
    const std::vector<Sort> sorts = SortsOf(options_.sparsities);
    const int64_t total = static_cast<int64_t>(sorts.size()) * (most - 1);
    for (int nodes = 2; nodes <= most; ++nodes) {
      for (const Sort& sort : sorts) {
        DISCO_TRY(Try(nodes, sort));
        if (options_.progress)
          options_.progress(static_cast<int64_t>(advice_.candidates.size()), total);
      }
    }
    Choose();
    return std::move(advice_);
  }

 private:
  // The fastest at this network, in the order of the cluster.
  std::vector<NodeId> Fastest(int count) const {
    std::vector<NodeId> nodes(cluster_.nodes.size());
    std::iota(nodes.begin(), nodes.end(), 0);
    std::ranges::sort(nodes, {}, [&](NodeId node) { return std::pair(TimeOn(node), node); });
    nodes.resize(static_cast<size_t>(count));
    std::ranges::sort(nodes);
    return nodes;
  }

  Milliseconds TimeOn(NodeId node) const {
    return advice_.one_node.times[static_cast<size_t>(node)];
  }

  Status Try(int count, const Sort& sort) {
    Candidate candidate{.sparsity = sort.sparsity, .nodes = Fastest(count)};
    const bool asked = sort.method == Method::kDisco;
    const PlanOptions options{
        .nodes = count, .method = {sort.method, ""}, .sparsity = asked ? sort.sparsity : 0};
    candidate.method = ToString(options.method);
    const Cluster nodes = Subset(cluster_, candidate.nodes);
    std::vector<Milliseconds> times;
    for (const NodeId node : candidate.nodes) times.push_back(TimeOn(node));
    DISCO_ASSIGN(const Plan plan, PlanByShares(network_, options, nodes, times));
    const bool equal = std::ranges::count(plan.shares, plan.shares[0]) == count;
    if (!equal) candidate.shares = plan.shares;
    DISCO_ASSIGN(const BoundPlan bound, network_.for_nodes.With(plan));
    DISCO_ASSIGN(const Cut cut, CutNetwork(bound));
    candidate.fits = true;
    for (size_t i = 0; i < cut.shards.size(); ++i)
      candidate.fits = candidate.fits && MemoryOf(cut.shards[i]) <= nodes.nodes[i].memory;
    DISCO_ASSIGN(const Simulator simulator, Simulator::Make(cut));
    DISCO_ASSIGN(candidate.time, TimeAt(simulator, nodes, 1));
    DISCO_TRY(Sweep(simulator, nodes, candidate));
    advice_.candidates.push_back(std::move(candidate));
    return {};
  }

  static Result<Milliseconds> TimeAt(const Simulator& simulator, const Cluster& cluster,
                                     double factor) {
    DISCO_ASSIGN(const Simulation simulation, simulator.On(WithBandwidth(cluster, factor)));
    return simulation.total;
  }

  Status Sweep(const Simulator& simulator, const Cluster& nodes, Candidate& candidate) {
    for (const double factor : advice_.factors) {
      DISCO_ASSIGN(const Milliseconds time, TimeAt(simulator, nodes, factor));
      candidate.times.push_back(time);
    }
    const Milliseconds one = advice_.one_node.time();
    if (candidate.times.empty() || candidate.times.back() > one) return {};
    if (candidate.times.front() <= one) {
      candidate.break_even = kLeastFactor;
      return {};
    }
    // More bandwidth is never slower, so the crossing can be closed in on.
    double low = kLeastFactor, high = kMostFactor;
    while (high / low > 1.001) {
      const double middle = std::sqrt(low * high);
      DISCO_ASSIGN(const Milliseconds time, TimeAt(simulator, nodes, middle));
      (time <= one ? high : low) = middle;
    }
    candidate.break_even = high;
    return {};
  }

  void Choose() {
    const bool one_fits = advice_.one_node.fits;
    const Milliseconds clearly_less = advice_.one_node.time() * (1 - kMargin);
    std::vector<size_t> able;
    Milliseconds least = Milliseconds::max();
    for (size_t i = 0; i < advice_.candidates.size(); ++i) {
      const Candidate& candidate = advice_.candidates[i];
      if (candidate.method == "branches" || !candidate.fits) continue;
      if (one_fits && candidate.time >= clearly_less) continue;
      able.push_back(i);
      least = std::min(least, candidate.time);
    }
    // Candidates stand by nodes: of equal S the fewest first.
    std::ranges::sort(able, {},
                      [&](size_t i) { return std::pair(advice_.candidates[i].sparsity, i); });
    if (!able.empty()) advice_.least_sparse = FastestOfItsSparsity(able);
    for (const size_t i : able) {
      if (!advice_.best && advice_.candidates[i].time <= least * (1 + kMargin)) advice_.best = i;
    }
  }

  // Of those that have as little S as the first.
  size_t FastestOfItsSparsity(const std::vector<size_t>& able) const {
    size_t fastest = able[0];
    for (const size_t i : able) {
      const Candidate& candidate = advice_.candidates[i];
      const Candidate& best = advice_.candidates[fastest];
      if (candidate.sparsity == best.sparsity && candidate.time < best.time) fastest = i;
    }
    return fastest;
  }

  const WholeNetwork& network_;
  const Cluster& cluster_;
  const AdviseOptions& options_;
  Advice advice_;
};

}  // namespace

Result<Advice> Advise(const Graph& graph, const Cluster& cluster, const AdviseOptions& options) {
  DISCO_TRY(CheckOptions(options, cluster));
  DISCO_ASSIGN(const WholeNetwork network, BindWhole(graph));
  return Adviser(network, cluster, options).Run();
}

}  // namespace disco
