// SPDX-License-Identifier: Apache-2.0
// For each op: where the features of its outputs come from. Coupling analysis ties features along
// these rules and the cut narrows inputs along them, so that what is tied is what is sliced.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "disco/graph/graph.h"

namespace disco {

// How the features of one output relate to those of one input, constant or not.
struct FeatureOrigin {
  size_t slot = 0;
  int axis = 1;  // of the input
  // Output feature -> the first of the input features it is made of; -1: of none of this input
  // (concat).
  std::vector<int64_t> from;
  int64_t width = 1;  // input features behind one another that make one output feature
};

struct OutputFeatures {
  int axis = 1;
  int64_t features = 0;  // extent of that axis
  // kTied, kGrouped: one for each input that varies with the features; kMixing: of the bias.
  std::vector<FeatureOrigin> origins;

  const FeatureOrigin* OriginOf(size_t slot) const;
};

struct FeatureRule {
  enum class Kind {
    kReplicated,  // no rule: needs whole inputs, gives a whole output
    kMixing,      // fresh features from all features of input 0
    kGrouped,     // Conv of several groups: fresh features, each group tied to its inputs
    kTied,        // every output feature is made of the tied input features alone
    kSelected,    // kTied, and each is one feature of input 0 as it is
  };
  Kind kind = Kind::kReplicated;
  std::vector<OutputFeatures> outputs = {};  // by output slot; empty: kReplicated
  std::string reason = {};                   // kReplicated: why; empty: no input has features

  bool IsTied() const { return kind == Kind::kTied || kind == Kind::kSelected; }
};

// Feature axis by ValueId of each partitioned value; nothing: replicated or constant.
using FeatureAxes = std::vector<std::optional<int>>;

FeatureRule RuleOf(const Graph& graph, const Op& op, const FeatureAxes& axes);

// What rules are made from: an op, and which of its inputs are partitioned.
class FeatureQuery {
 public:
  FeatureQuery(const Graph& graph, const Op& op, const FeatureAxes& axes)
      : graph_(graph), op_(op), axes_(axes) {}

  const Graph& graph() const { return graph_; }
  const Op& op() const { return op_; }
  const Shape& InputShape(size_t slot = 0) const { return graph_.value(op_.inputs[slot]).shape; }
  const Shape& OutputShape(size_t slot = 0) const { return graph_.value(op_.outputs[slot]).shape; }
  // Nothing: absent, constant or whole on every node.
  std::optional<int> AxisOf(size_t slot) const;
  // Of input 0; -1: none.
  int InputAxis() const { return AxisOf(0).value_or(-1); }
  bool AllInputsWhole() const;
  bool IsPresentButNotConstant(size_t slot) const {
    return op_.HasInput(slot) && !graph_.IsConstant(op_.inputs[slot]);
  }

  static FeatureRule Replicated(std::string reason);
  // Features of input 0 that stay what they are, on `axis` of output 0.
  FeatureRule Same(int axis) const;
  // The same on axis 1 of both; replicated where the features of input 0 are elsewhere.
  FeatureRule SameChannels() const;
  // Input `slot`, which broadcasts to output 0, follows features on `axis` of it. Nothing where it
  // has one extent for all of them.
  std::optional<FeatureOrigin> Aligned(size_t slot, int axis, int64_t features) const;

 private:
  const Graph& graph_;
  const Op& op_;
  const FeatureAxes& axes_;
};

// 0, 1, ... features - 1.
std::vector<int64_t> EachFeature(int64_t features);

// Rules that ops of several families have.
FeatureRule SameFeatures(const FeatureQuery& query);  // on the axis of input 0
FeatureRule NoFeatureRule(const FeatureQuery& query);

}  // namespace disco
