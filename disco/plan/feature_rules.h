// SPDX-License-Identifier: Apache-2.0
// For each op: where the features of its output come from. Private to the room; AnalyseCoupling and
// the cut both stand on these rules, so that what is tied is what is sliced.
//
// Thread rule: pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "disco/graph/graph.h"

namespace disco {

// How the features of output 0 relate to those of one data input.
struct FeatureOrigin {
  size_t slot = 0;
  // Output feature -> input feature, or -1 where it does not come from this input (concat).
  std::vector<int64_t> from;
};

struct FeatureRule {
  enum class Kind {
    kReplicated,  // no rule: needs whole inputs, gives a whole output
    kMixing,      // fresh features from all features of input 0
    kGrouped,     // Conv of several groups: fresh features, each group tied to its inputs
    kTied,        // every output feature is made of the tied input features alone
  };
  Kind kind = Kind::kReplicated;
  int axis = 1;                        // of output 0
  int64_t features = 0;                // extent of that axis
  std::vector<FeatureOrigin> origins;  // kTied, kGrouped: one per data input that carries features
  std::string reason;                  // kReplicated: why
};

// `axes` gives, by ValueId, the feature axis of each partitioned value, and nothing for replicated
// ones.
FeatureRule RuleOf(const Graph& graph, const Op& op, const std::vector<std::optional<int>>& axes);

// Feature axis along which a data input that is whole on every node has to be narrowed to match
// output features on `axis` of an output of rank `rank`; nothing when it broadcasts along it.
std::optional<int> AlignedAxis(const Shape& input, int rank, int axis, int64_t features);

}  // namespace disco
