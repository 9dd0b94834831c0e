// SPDX-License-Identifier: Apache-2.0
// From a network and a wish to a plan.
//
// Methods: `dense` keeps everything; `disco` keeps the strongest sub-rows at S; `random` keeps as
// many, drawn by lot; `branches` keeps none (S = 100 %); `dense-then-split=STAGE` is dense before
// the first op whose name starts with STAGE and split from there on; `split-then-aggregate=STAGE`
// is split up to the last such op and dense after. Values that a replicated op gathers stay dense:
// they are sent whole anyway. Thread rule: pure. Errors: kUsage, naming the option; kUnsupported,
// naming the value with which the network outgrows a plan.
#pragma once

#include <string>
#include <string_view>

#include "disco/plan/bound_plan.h"

namespace disco {

enum class Method { kDense, kDisco, kRandom, kBranches, kDenseThenSplit, kSplitThenAggregate };

struct MethodChoice {
  Method method = Method::kDisco;
  std::string stage;  // of the two that have one
};
Result<MethodChoice> ParseMethod(std::string_view text);
std::string ToString(const MethodChoice& choice);

struct PlanOptions {
  int nodes = 2;
  std::vector<double> shares;  // empty: equal
  MethodChoice method;
  double sparsity = 0;  // of disco and random; the other methods have their own
  bool allow_empty = false;
  uint64_t seed = 0;  // of the lot
};

// The graph's shapes have to be inferred.
Result<Plan> MakePlan(const Graph& graph, const PlanOptions& options);
// The same for the network of `bound`, whatever its plan.
Result<Plan> MakePlan(const BoundPlan& bound, const PlanOptions& options);

// The same plan with fewer features kept: prunes, by the weights of the network, what the plan
// still keeps down to sparsity S. For iterative pruning.
Result<Plan> PruneFurther(const BoundPlan& bound, const PlanOptions& options);

}  // namespace disco
