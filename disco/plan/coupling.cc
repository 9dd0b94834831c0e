// SPDX-License-Identifier: Apache-2.0
#include "disco/plan/coupling.h"

#include <numeric>

#include "disco/plan/feature_rules.h"

namespace disco {
namespace {

using Kind = FeatureRule::Kind;

// Disjoint sets with path halving.
class Sets {
 public:
  int32_t Add() {
    parents_.push_back(static_cast<int32_t>(parents_.size()));
    return parents_.back();
  }
  int32_t Find(int32_t element) {
    while (parents_[Index(element)] != element) {
      parents_[Index(element)] = parents_[Index(parents_[Index(element)])];
      element = parents_[Index(element)];
    }
    return element;
  }
  void Join(int32_t a, int32_t b) { parents_[Index(Find(b))] = Find(a); }

 private:
  static size_t Index(int32_t element) { return static_cast<size_t>(element); }
  std::vector<int32_t> parents_;
};

class Analysis {
 public:
  explicit Analysis(const Graph& graph)
      : graph_(graph), axes_(graph.values.size()), elements_(graph.values.size()) {}

  Coupling Run() {
    Coupling coupling;
    for (size_t op = 0; op < graph_.ops.size(); ++op) {
      const FeatureRule rule = RuleOf(graph_, graph_.ops[op], axes_);
      if (rule.kind == Kind::kReplicated) {
        if (!rule.reason.empty() && ReadsPartitioned(graph_.ops[op])) {
          coupling.replicated.push_back({static_cast<OpId>(op), rule.reason});
        }
      } else {
        Partition(graph_.ops[op], rule);
      }
    }
    coupling.values.resize(graph_.values.size());
    std::vector<AtomId> numbers;
    for (size_t value = 0; value < graph_.values.size(); ++value) {
      if (axes_[value]) coupling.values[value] = Number(value, numbers);
    }
    return coupling;
  }

 private:
  bool ReadsPartitioned(const Op& op) const {
    for (const ValueId input : op.inputs) {
      if (input != kNoValue && axes_[static_cast<size_t>(input)]) return true;
    }
    return false;
  }

  void Partition(const Op& op, const FeatureRule& rule) {
    const auto output = static_cast<size_t>(op.outputs[0]);
    axes_[output] = rule.axis;
    for (int64_t feature = 0; feature < rule.features; ++feature)
      elements_[output].push_back(sets_.Add());
    for (const FeatureOrigin& origin : rule.origins) Tie(op, rule, origin, elements_[output]);
  }

  void Tie(const Op& op, const FeatureRule& rule, const FeatureOrigin& origin,
           const std::vector<int32_t>& output) {
    const auto& input = elements_[static_cast<size_t>(op.inputs[origin.slot])];
    // Several input features may be made into one output feature: a group of a Conv, or a split
    // reshape.
    int64_t width = 1;
    if (rule.kind == Kind::kGrouped) {
      width = graph_.value(op.inputs[0]).shape[1] / op.as<ConvParams>().group;
    } else if (op.type != OpType::kConcat && op.type != OpType::kGather &&
               output.size() < input.size()) {
      width = static_cast<int64_t>(input.size() / output.size());
    }
    for (size_t feature = 0; feature < output.size(); ++feature) {
      const int64_t first = origin.from[feature];
      if (first < 0) continue;
      if (input
              .empty()) {  // a whole input: only the features of one group are tied, to one another
        if (feature > 0 && origin.from[feature - 1] == first)
          sets_.Join(output[feature - 1], output[feature]);
        continue;
      }
      for (int64_t i = 0; i < width; ++i)
        sets_.Join(input[static_cast<size_t>(first + i)], output[feature]);
    }
  }

  // Atoms in the order in which they first appear.
  ValueFeatures Number(size_t value, std::vector<AtomId>& numbers) {
    ValueFeatures features{*axes_[value], {}};
    for (const int32_t element : elements_[value]) {
      const auto root = static_cast<size_t>(sets_.Find(element));
      if (numbers.size() <= root) numbers.resize(root + 1, -1);
      if (numbers[root] < 0) numbers[root] = next_atom_++;
      features.atoms.push_back(numbers[root]);
    }
    return features;
  }

  const Graph& graph_;
  std::vector<std::optional<int>> axes_;
  std::vector<std::vector<int32_t>> elements_;
  Sets sets_;
  AtomId next_atom_ = 0;
};

}  // namespace

Coupling AnalyseCoupling(const Graph& graph) { return Analysis(graph).Run(); }

}  // namespace disco
