// SPDX-License-Identifier: Apache-2.0
#include "disco/plan/coupling.h"

#include <numeric>

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
      FeatureRule rule = RuleOf(graph_, graph_.ops[op], axes_);
      if (!rule.reason.empty() && ReadsPartitioned(graph_.ops[op]))
        coupling.replicated.push_back({static_cast<OpId>(op), rule.reason});
      Partition(graph_.ops[op], rule);
      coupling.rules.push_back(std::move(rule));
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
    for (size_t slot = 0; slot < rule.outputs.size(); ++slot) {
      if (!op.HasOutput(slot)) continue;
      const OutputFeatures& output = rule.outputs[slot];
      const auto id = static_cast<size_t>(op.outputs[slot]);
      axes_[id] = output.axis;
      for (int64_t feature = 0; feature < output.features; ++feature)
        elements_[id].push_back(sets_.Add());
      if (rule.kind == Kind::kGrouped) TieGroups(output.origins[0], elements_[id]);
      for (const FeatureOrigin& origin : output.origins)
        Tie(elements_[static_cast<size_t>(op.inputs[origin.slot])], origin, elements_[id]);
    }
  }

  // Features of one group live together, also where the inputs are whole on every node.
  void TieGroups(const FeatureOrigin& origin, const std::vector<int32_t>& output) {
    for (size_t feature = 1; feature < output.size(); ++feature) {
      if (origin.from[feature - 1] == origin.from[feature])
        sets_.Join(output[feature - 1], output[feature]);
    }
  }

  // `input` is empty where it is whole.
  void Tie(const std::vector<int32_t>& input, const FeatureOrigin& origin,
           const std::vector<int32_t>& output) {
    if (input.empty()) return;
    for (size_t feature = 0; feature < output.size(); ++feature) {
      const int64_t first = origin.from[feature];
      for (int64_t i = 0; first >= 0 && i < origin.width; ++i)
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
  FeatureAxes axes_;
  std::vector<std::vector<int32_t>> elements_;
  Sets sets_;
  AtomId next_atom_ = 0;
};

}  // namespace

Coupling AnalyseCoupling(const Graph& graph) { return Analysis(graph).Run(); }

}  // namespace disco
