// SPDX-License-Identifier: Apache-2.0
#include "disco/plan/bound_plan.h"

#include <algorithm>
#include <set>

#include "disco/op/infer_shapes.h"
#include "disco/plan/check_fit.h"
#include "disco/plan/derive_traffic.h"
#include "disco/plan/exchange_order.h"
#include "disco/rewrite/fold_batch_norm.h"

namespace disco {
namespace {

// Whether a feature that `node` owns of `part` is made of the input.
bool ComesFrom(const FeatureOrigin& origin, const ValuePlan& part, NodeId node) {
  for (size_t feature = 0; feature < part.owner.size(); ++feature) {
    if (part.owner[feature] == node && origin.from[feature] >= 0) return true;
  }
  return false;
}

std::set<std::string_view> NamesOf(const Graph& graph) {
  std::set<std::string_view> names;
  for (const Value& value : graph.values) names.insert(value.name);
  return names;
}

std::set<std::string_view> NamesOf(const Plan& plan) {
  std::set<std::string_view> names;
  for (const auto& [name, part] : plan.values) names.insert(name);
  return names;
}

}  // namespace

BoundPlan::Network::Network(Graph network)
    : graph(std::move(network)),
      index(graph),
      coupling(AnalyseCoupling(graph)),
      readers(FindCrossReaders(graph, coupling)) {}

BoundPlan::BoundPlan(std::shared_ptr<const Network> network, std::shared_ptr<const Plan> plan)
    : network_(std::move(network)), plan_(std::move(plan)), parts_(network_->graph, *plan_) {}

Result<BoundPlan> BoundPlan::Checked(std::shared_ptr<const Network> network,
                                     std::shared_ptr<const Plan> plan) {
  BoundPlan bound(std::move(network), std::move(plan));
  DISCO_TRY(CheckFit(bound));
  bound.FindRuns();
  // Each reads what is there before it.
  bound.order_ = ExchangeOrder(bound);
  bound.traffic_ = DeriveTraffic(bound);
  return bound;
}

Result<BoundPlan> Bind(Graph graph, Plan plan) {
  DISCO_ASSIGN(BoundPlan bound,
               BoundPlan::Checked(std::make_shared<BoundPlan::Network>(std::move(graph)),
                                  std::make_shared<Plan>(std::move(plan))));
  DISCO_TRY(CheckNames(bound.plan(), NamesOf(bound.graph())));
  return bound;
}

Result<BoundPlan> BindToOneNode(Graph graph) {
  const auto network = std::make_shared<BoundPlan::Network>(std::move(graph));
  return BoundPlan::Checked(
      network, std::make_shared<Plan>(SingleNodePlan(network->graph, network->coupling)));
}

Result<BoundPlan> BoundPlan::With(Plan plan) const {
  DISCO_TRY(CheckNames(plan, NamesOf(*plan_)));
  return Checked(network_, std::make_shared<Plan>(std::move(plan)));
}

Result<BoundPlan> BoundPlan::ForNodes() const {
  Graph folded = graph();
  FoldBatchNorm(folded);
  DISCO_TRY(InferShapes(folded));
  return Checked(std::make_shared<Network>(std::move(folded)), plan_);
}

void BoundPlan::FindRuns() {
  runs_.assign(graph().ops.size(), std::vector<bool>(static_cast<size_t>(nodes()), false));
  for (size_t op = graph().ops.size(); op-- > 0;) {  // readers before what they read
    for (NodeId node = 0; node < nodes(); ++node)
      runs_[op][static_cast<size_t>(node)] = Needed(graph().ops[op], node);
  }
}

bool BoundPlan::Needed(const Op& op, NodeId node) const {
  for (const ValueId output : op.outputs) {
    if (output == kNoValue) continue;
    const ValuePlan* value = part(output);
    if (value != nullptr && std::ranges::find(value->owner, node) == value->owner.end()) continue;
    if (index().IsOutput(output) && (value != nullptr || node == kReturningNode)) return true;
    for (const OpId reader : index().readers(output)) {
      if (Runs(reader, node) && Takes({reader, output, node})) return true;
    }
    if (value != nullptr && NeededElsewhere(output, node)) return true;
  }
  return false;
}

bool BoundPlan::Takes(const Reading& reading) const {
  const Op& op = graph().op(reading.op);
  const std::vector<OutputFeatures>& outputs = coupling().rule(reading.op).outputs;
  for (size_t slot = 0; slot < outputs.size(); ++slot) {
    const ValuePlan* output = op.HasOutput(slot) ? part(op.outputs[slot]) : nullptr;
    if (output == nullptr) continue;
    for (size_t input = 0; input < op.inputs.size(); ++input) {
      if (op.inputs[input] != reading.value) continue;
      const FeatureOrigin* origin = outputs[slot].OriginOf(input);
      if (origin == nullptr || ComesFrom(*origin, *output, reading.node)) return true;
    }
  }
  return outputs.empty();
}

bool BoundPlan::NeededElsewhere(ValueId value, NodeId node) const {
  const ValuePlan& of_value = *part(value);
  if (!of_value.read_foreign) return false;
  for (NodeId to = 0; to < nodes(); ++to) {
    if (to == node || !ReadsForeign(value, to)) continue;
    for (const int64_t feature : of_value.kept[static_cast<size_t>(to)]) {
      if (of_value.owner[static_cast<size_t>(feature)] == node) return true;
    }
  }
  return false;
}

bool BoundPlan::ReadsForeign(ValueId value, NodeId node) const {
  const auto runs = [&](OpId op) { return Runs(op, node); };
  const CrossReaders& cross = readers(value);
  return std::ranges::any_of(cross.mixing, runs) || std::ranges::any_of(cross.replicated, runs);
}

}  // namespace disco
