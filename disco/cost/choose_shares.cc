// SPDX-License-Identifier: Apache-2.0
#include "disco/cost/choose_shares.h"

#include "disco/cost/balanced_shares.h"
#include "disco/cost/choose_calls.h"
#include "disco/cost/simulate.h"
#include "disco/shard/cut.h"

namespace disco {
namespace {

// S, as far as the work of a node goes.
double SparsityOf(const PlanOptions& options) {
  switch (options.method.method) {
    case Method::kDisco:
    case Method::kRandom:
      return options.sparsity;
    case Method::kBranches:
      return 1;
    default:
      return 0;
  }
}

Result<Milliseconds> TimeOf(const BoundPlan& bound, const Cluster& cluster) {
  DISCO_ASSIGN(const Cut cut, CutNetwork(bound));
  DISCO_ASSIGN(const Simulation simulation, Simulate(cut, cluster));
  return simulation.total;
}

}  // namespace

Result<Plan> PlanByShares(const WholeNetwork& network, PlanOptions options, const Cluster& cluster,
                          const std::vector<Milliseconds>& times) {
  const auto candidates = InSixteenths(BalancedShares(times, SparsityOf(options)));
  Plan best;
  Milliseconds least = Milliseconds::max();
  for (const std::vector<double>& shares : candidates) {
    options.shares = shares;
    DISCO_ASSIGN(Plan made, MakePlan(network.given, options));
    DISCO_ASSIGN(const BoundPlan bound, network.given.With(std::move(made)));
    Plan plan = ChooseCalls(bound, cluster);
    if (candidates.size() == 1) return plan;
    DISCO_ASSIGN(const BoundPlan for_nodes, network.for_nodes.With(plan));
    DISCO_ASSIGN(const Milliseconds time, TimeOf(for_nodes, cluster));
    if (time >= least) continue;
    best = std::move(plan);
    least = time;
  }
  return best;
}

}  // namespace disco
