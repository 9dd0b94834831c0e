// SPDX-License-Identifier: Apache-2.0
#include "disco/plan/make_plan.h"

#include <algorithm>
#include <array>

#include "disco/base/hash.h"
#include "disco/plan/assignment.h"
#include "disco/plan/mask.h"

namespace disco {
namespace {

constexpr std::array<std::pair<std::string_view, Method>, 6> kMethods = {{
    {"dense", Method::kDense},
    {"disco", Method::kDisco},
    {"random", Method::kRandom},
    {"branches", Method::kBranches},
    {"dense-then-split", Method::kDenseThenSplit},
    {"split-then-aggregate", Method::kSplitThenAggregate},
}};

bool HasStage(Method method) {
  return method == Method::kDenseThenSplit || method == Method::kSplitThenAggregate;
}

Status CheckOptions(const PlanOptions& options) {
  if (options.nodes < 1 || options.nodes > kMaxNodes) {
    return Fail(ErrorKind::kUsage, "{} nodes; between 1 and {} are possible", options.nodes,
                kMaxNodes);
  }
  if (!(options.sparsity >= 0 && options.sparsity <= 1)) {
    return Fail(ErrorKind::kUsage, "a sparsity of {} makes no sense; write a share between 0 and 1",
                options.sparsity);
  }
  return options.shares.empty() ? Status()
                                : CheckShares(options.shares, options.nodes, ErrorKind::kUsage);
}

// That a plan of the network can be written and read again.
Status CheckSize(const Graph& graph, const Coupling& coupling) {
  int64_t room = kMostFeatures;
  for (size_t value = 0; value < graph.values.size(); ++value) {
    if (!coupling.values[value]) continue;
    room -= static_cast<int64_t>(coupling.values[value]->atoms.size());
    if (room < 0) {
      return Fail(ErrorKind::kUnsupported,
                  "with value '{}' the network has more than {} features; a plan holds no more",
                  graph.values[value].name, kMostFeatures);
    }
    if (coupling.values[value]->axis >= kMaxAxes) {
      return Fail(ErrorKind::kUnsupported,
                  "value '{}' has its features on axis {}; a plan knows axes below {}",
                  graph.values[value].name, coupling.values[value]->axis, kMaxAxes);
    }
  }
  return {};
}

// First and last op whose name starts with `stage`.
Result<std::pair<OpId, OpId>> FindStage(const Graph& graph, const std::string& stage) {
  OpId first = -1, last = -1;
  for (size_t op = 0; op < graph.ops.size(); ++op) {
    if (!graph.ops[op].name.starts_with(stage)) continue;
    if (first < 0) first = static_cast<OpId>(op);
    last = static_cast<OpId>(op);
  }
  if (first < 0)
    return Fail(ErrorKind::kUsage, "no op's name starts with '{}'; disco describe --ops lists them",
                stage);
  return std::pair(first, last);
}

// What a plan is made of.
struct Network {
  const Graph& graph;
  const Coupling& coupling;
  const std::vector<CrossReaders>& readers;  // by ValueId
};

class Maker {
 public:
  Maker(const Network& network, const PlanOptions& options)
      : graph_(network.graph),
        options_(options),
        coupling_(network.coupling),
        readers_(network.readers) {}

  Result<Plan> Make(const PlanParts* earlier) {
    DISCO_TRY(CheckOptions(options_));
    DISCO_TRY(CheckSize(graph_, coupling_));
    const Method method = options_.method.method;
    if (HasStage(method)) {
      DISCO_ASSIGN(stage_, FindStage(graph_, options_.method.stage));
    }
    Plan plan{
        .nodes = options_.nodes, .shares = options_.shares, .method = ToString(options_.method)};
    if (plan.shares.empty()) plan.shares.assign(static_cast<size_t>(plan.nodes), 1.0 / plan.nodes);
    SetOwners(plan);
    const PlanParts parts(graph_, plan);
    for (size_t value = 0; value < graph_.values.size(); ++value) {
      if (plan.nodes > 1 && readers_[value].any())
        SetKept(static_cast<ValueId>(value), plan.values[graph_.values[value].name], parts,
                earlier);
    }
    if (plan.nodes > 1) plan.sparsity = HasStage(method) ? MeanSparsity(plan) : AskedSparsity();
    if (!HasStage(method)) plan.image_sparsity = plan.sparsity;
    return plan;
  }

 private:
  void SetOwners(Plan& plan) const {
    const std::vector<NodeId> owners = AssignAtoms(coupling_, plan.shares);
    for (size_t value = 0; value < graph_.values.size(); ++value) {
      if (!coupling_.values[value]) continue;
      ValuePlan part{.axis = coupling_.values[value]->axis};
      for (const AtomId atom : coupling_.values[value]->atoms)
        part.owner.push_back(owners[static_cast<size_t>(atom)]);
      plan.values[graph_.values[value].name] = std::move(part);
    }
  }

  // `part` of `value`, one of `parts`.
  void SetKept(ValueId value, ValuePlan& part, const PlanParts& parts,
               const PlanParts* earlier) const {
    const CrossReaders& readers = readers_[static_cast<size_t>(value)];
    part.read_foreign = true;
    part.sparsity = SparsityOf(readers);
    const auto scores = options_.method.method == Method::kRandom
                            ? DrawScores(value, part)
                            : ScoreByL1(graph_, readers, parts, part);
    const ValuePlan* before = earlier == nullptr ? nullptr : earlier->part(value);
    part.kept = ChooseKept(part, scores, ReadingNodes(graph_, readers, parts),
                           {part.sparsity, options_.allow_empty},
                           before == nullptr ? nullptr : &before->kept);
  }

  double SparsityOf(const CrossReaders& readers) const {
    if (!readers.replicated.empty()) return 0;
    // A value read on both sides of a stage boundary stays dense.
    const auto& [lowest, highest] =
        std::minmax_element(readers.mixing.begin(), readers.mixing.end());
    if (options_.method.method == Method::kDenseThenSplit) return *lowest >= stage_.first ? 1 : 0;
    if (options_.method.method == Method::kSplitThenAggregate)
      return *highest <= stage_.second ? 1 : 0;
    return AskedSparsity();
  }

  // S of the methods without a stage.
  double AskedSparsity() const {
    if (options_.method.method == Method::kDense) return 0;
    return options_.method.method == Method::kBranches ? 1 : options_.sparsity;
  }

  // Of the features that other nodes may read.
  static double MeanSparsity(const Plan& plan) {
    double features = 0, pruned = 0;
    for (const auto& [name, value] : plan.values) {
      if (!value.read_foreign) continue;
      features += static_cast<double>(value.owner.size());
      pruned += value.sparsity * static_cast<double>(value.owner.size());
    }
    return features > 0 ? pruned / features : 0;
  }

  // By name, so that one layer's lot does not depend on the others.
  std::vector<std::vector<double>> DrawScores(ValueId value, const ValuePlan& part) const {
    Random random(options_.seed, Hash(graph_.value(value).name));
    std::vector<std::vector<double>> scores(static_cast<size_t>(options_.nodes));
    for (auto& row : scores) {
      for (size_t feature = 0; feature < part.owner.size(); ++feature)
        row.push_back(random.Uniform());
    }
    return scores;
  }

  const Graph& graph_;
  const PlanOptions& options_;
  const Coupling& coupling_;
  const std::vector<CrossReaders>& readers_;
  std::pair<OpId, OpId> stage_;
};

}  // namespace

Result<MethodChoice> ParseMethod(std::string_view text) {
  const size_t equals = text.find('=');
  const std::string_view name = text.substr(0, equals);
  for (const auto& [known, method] : kMethods) {
    if (known != name) continue;
    const bool has_stage = equals != std::string_view::npos && equals + 1 < text.size();
    if (HasStage(method) != has_stage) break;
    return MethodChoice{method, has_stage ? std::string(text.substr(equals + 1)) : ""};
  }
  return Fail(ErrorKind::kUsage,
              "method '{}'; known are dense, disco, random, branches, dense-then-split=STAGE and "
              "split-then-aggregate=STAGE, with STAGE the beginning of op names, like layer3",
              text);
}

std::string ToString(const MethodChoice& choice) {
  for (const auto& [name, method] : kMethods) {
    if (method == choice.method)
      return choice.stage.empty() ? std::string(name) : fmt::format("{}={}", name, choice.stage);
  }
  return "?";
}

Result<Plan> MakePlan(const Graph& graph, const PlanOptions& options) {
  const Coupling coupling = AnalyseCoupling(graph);
  const std::vector<CrossReaders> readers = FindCrossReaders(graph, coupling);
  return Maker({graph, coupling, readers}, options).Make(nullptr);
}

Result<Plan> MakePlan(const BoundPlan& bound, const PlanOptions& options) {
  return Maker({bound.graph(), bound.coupling(), bound.readers()}, options).Make(nullptr);
}

Result<Plan> PruneFurther(const BoundPlan& bound, const PlanOptions& options) {
  if (options.nodes != bound.nodes()) {
    return Fail(ErrorKind::kUsage, "a plan for {} nodes cannot be pruned further for {}",
                bound.nodes(), options.nodes);
  }
  return Maker({bound.graph(), bound.coupling(), bound.readers()}, options).Make(&bound.parts());
}

}  // namespace disco
