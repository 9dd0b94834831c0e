// SPDX-License-Identifier: Apache-2.0
#include "disco/plan/feature_rules.h"

#include <algorithm>
#include <numeric>

#include "disco/graph/infer_shapes.h"
#include "disco/graph/pads.h"
#include "disco/graph/work.h"
#include "disco/plan/reshape_rule.h"

namespace disco {
namespace {

using Kind = FeatureRule::Kind;
using Axes = std::vector<std::optional<int>>;

// Reasons that several ops give.
constexpr const char* kBiasNotConstant = "its bias is not constant";
constexpr const char* kNoBatch = "its output has no batch axis";
constexpr const char* kNotChannels = "its features are not channels";

FeatureRule Replicated(std::string reason) {
  return {Kind::kReplicated, 1, 0, {}, std::move(reason)};
}

std::vector<int64_t> Identity(int64_t features) {
  std::vector<int64_t> from(static_cast<size_t>(features));
  std::iota(from.begin(), from.end(), 0);
  return from;
}

class RuleFinder {
 public:
  RuleFinder(const Graph& graph, const Op& op, const Axes& axes)
      : graph_(graph), op_(op), axes_(axes) {}

  FeatureRule Find() const {
    if (OutputsBesideFirst()) return Replicated("it has several outputs");
    if (op_.type == OpType::kConv && op_.as<ConvParams>().group > 1) return Grouped();
    if (IsMixing(graph_, op_)) return Mixing();
    if (AllInputsWhole()) return Replicated("");
    switch (op_.type) {
      case OpType::kRelu:
      case OpType::kLeakyRelu:
      case OpType::kSigmoid:
      case OpType::kHardSwish:
      case OpType::kClip:
      case OpType::kIdentity:
      case OpType::kDropout:
        return Same(InputAxis());
      case OpType::kBatchNormalization:
        if (op_.as<BatchNormParams>().training)
          return Replicated("it takes statistics of the batch");
        if (FeaturesBesideFirst()) return Replicated("its parameters are computed from features");
        return OnChannels();
      case OpType::kMaxPool:
      case OpType::kAveragePool:
      case OpType::kGlobalAveragePool:
        return OnChannels();
      case OpType::kAdd:
      case OpType::kMul:
        return Elementwise();
      case OpType::kConcat:
        return Concat();
      case OpType::kGather:
        return Gather();
      case OpType::kSoftmax:
        return Softmax();
      case OpType::kLrn:
        return Replicated("it normalises over neighbouring features");
      case OpType::kPad:
        return Pad();
      case OpType::kReduceMean:
        return Reduce();
      case OpType::kTranspose:
        return Transpose();
      case OpType::kFlatten:
      case OpType::kReshape:
      case OpType::kSqueeze:
      case OpType::kUnsqueeze:
        return Reshape();
      default:
        return Replicated("it has no rule for features");
    }
  }

 private:
  const Shape& InputShape(size_t slot = 0) const { return graph_.value(op_.inputs[slot]).shape; }
  const Shape& OutputShape() const { return graph_.value(op_.outputs[0]).shape; }
  std::optional<int> AxisOf(size_t slot) const {
    const ValueId id = op_.inputs[slot];
    return id == kNoValue ? std::nullopt : axes_[static_cast<size_t>(id)];
  }
  int InputAxis() const { return AxisOf(0).value_or(-1); }
  bool AllInputsWhole() const {
    for (size_t slot = 0; slot < op_.inputs.size(); ++slot) {
      if (AxisOf(slot)) return false;
    }
    return true;
  }
  bool FeaturesBesideFirst() const {
    for (size_t slot = 1; slot < op_.inputs.size(); ++slot) {
      if (AxisOf(slot)) return true;
    }
    return false;
  }
  bool OutputsBesideFirst() const {
    for (size_t slot = 1; slot < op_.outputs.size(); ++slot) {
      if (op_.HasOutput(slot)) return true;
    }
    return false;
  }

  // Features that stay where they are, on output axis `axis`.
  FeatureRule Same(int axis) const {
    const int64_t features = InputShape()[InputAxis()];
    return {Kind::kTied, axis, features, {{0, Identity(features)}}, ""};
  }

  FeatureRule OnChannels() const {
    if (InputAxis() != 1) return Replicated(kNotChannels);
    return Same(1);
  }

  FeatureRule Mixing() const {
    if (graph_.value(op_.inputs[1]).dtype != DType::kF32)
      return Replicated("its weights are not float32");
    for (size_t slot = 2; slot < op_.inputs.size(); ++slot) {
      if (op_.HasInput(slot) && !graph_.IsConstant(op_.inputs[slot]))
        return Replicated(kBiasNotConstant);
    }
    const int contracted = op_.type == OpType::kMatMul ? InputShape().rank() - 1 : 1;
    if (AxisOf(0) && InputAxis() != contracted)
      return Replicated("it does not sum over the features");
    const int axis = op_.type == OpType::kMatMul ? OutputShape().rank() - 1 : 1;
    if (OutputShape()[0] != BatchOf(graph_)) return Replicated(kNoBatch);
    return {Kind::kMixing, axis, OutputShape()[axis], {}, ""};
  }

  FeatureRule Grouped() const {
    if (!graph_.IsConstant(op_.inputs[1])) return Replicated("its weights are not constant");
    if (op_.HasInput(2) && !graph_.IsConstant(op_.inputs[2])) return Replicated(kBiasNotConstant);
    if (AxisOf(0) && InputAxis() != 1) return Replicated(kNotChannels);
    if (graph_.value(op_.inputs[1]).dtype != DType::kF32)
      return Replicated("its weights are not float32");
    // One input feature of the group stands for all; the coupling ties the others to it.
    const int64_t group = op_.as<ConvParams>().group;
    const int64_t outputs = OutputShape()[1], inputs = InputShape()[1];
    FeatureOrigin origin;
    for (int64_t feature = 0; feature < outputs; ++feature) {
      origin.from.push_back(feature / (outputs / group) * (inputs / group));
    }
    return {Kind::kGrouped, 1, outputs, {std::move(origin)}, ""};
  }

  FeatureRule Elementwise() const {
    const int rank = OutputShape().rank();
    FeatureRule rule{Kind::kTied, -1, 0, {}, ""};
    for (size_t slot = 0; slot < 2; ++slot) {
      if (!AxisOf(slot)) continue;
      const int axis = *AxisOf(slot) + rank - InputShape(slot).rank();
      const int64_t features = InputShape(slot)[*AxisOf(slot)];
      if (features != OutputShape()[axis])
        return Replicated("it spreads one feature over all those of its other operand");
      if (rule.axis >= 0 && rule.axis != axis)
        return Replicated("its operands carry features on different axes");
      rule.axis = axis;
      rule.features = features;
      rule.origins.push_back({slot, Identity(features)});
    }
    return rule;
  }

  FeatureRule Concat() const {
    const int axis = static_cast<int>(op_.as<AxisParams>().axis) +
                     (op_.as<AxisParams>().axis < 0 ? OutputShape().rank() : 0);
    std::optional<int> shared;
    for (size_t slot = 0; slot < op_.inputs.size(); ++slot) {
      if (!AxisOf(slot)) continue;
      if (shared && shared != AxisOf(slot))
        return Replicated("its inputs carry features on different axes");
      shared = AxisOf(slot);
    }
    FeatureRule rule{Kind::kTied, *shared, OutputShape()[*shared], {}, ""};
    int64_t offset = 0;
    for (size_t slot = 0; slot < op_.inputs.size(); ++slot) {
      const int64_t extent = InputShape(slot)[*shared];
      FeatureOrigin origin{slot, Identity(rule.features)};
      if (axis == *shared) {
        origin.from.assign(static_cast<size_t>(rule.features), -1);
        std::iota(origin.from.begin() + offset, origin.from.begin() + offset + extent, 0);
        offset += extent;
      }
      if (AxisOf(slot)) rule.origins.push_back(std::move(origin));
    }
    return rule;
  }

  FeatureRule Gather() const {
    const int axis = *NormalizeAxis(op_.as<AxisParams>().axis, InputShape().rank());
    const int rank = InputShape(1).rank();
    if (axis == 0) return Replicated("it picks from the batch");
    if (axis != InputAxis()) return Same(InputAxis() + (axis < InputAxis() ? rank - 1 : 0));
    if (rank != 1) return Replicated("it picks features by indices that are not a list");
    const auto indices = GatheredIndices(graph_, op_);
    return {Kind::kTied, InputAxis(), static_cast<int64_t>(indices->size()), {{0, *indices}}, ""};
  }

  FeatureRule Softmax() const {
    const auto& params = op_.as<SoftmaxParams>();
    const int axis = *NormalizeAxis(params.axis, InputShape().rank());
    const bool over_features =
        params.over_all_from_axis ? InputAxis() >= axis : InputAxis() == axis;
    if (over_features) return Replicated("it normalises over all features");
    return Same(InputAxis());
  }

  FeatureRule Pad() const {
    const auto pads = PadsOf(graph_, op_);
    const auto axis = static_cast<size_t>(InputAxis());
    if (!pads || pads->begin[axis] != 0 || pads->end[axis] != 0)
      return Replicated("it pads features");
    return Same(InputAxis());
  }

  FeatureRule Reduce() const {
    const auto axes = AxesOf(graph_, op_, InputShape().rank());
    const auto& params = op_.as<ReduceParams>();
    if (!axes || (axes->empty() && !params.nothing_without_axes) ||
        std::binary_search(axes->begin(), axes->end(), InputAxis())) {
      return Replicated("it averages over features");
    }
    if (!axes->empty() && axes->front() == 0) return Replicated("it averages over the batch");
    const auto before = std::lower_bound(axes->begin(), axes->end(), InputAxis()) - axes->begin();
    return Same(params.keep_dims ? InputAxis() : InputAxis() - static_cast<int>(before));
  }

  FeatureRule Transpose() const {
    const std::vector<int64_t> permutation = PermutationOf(graph_, op_);
    const auto place = std::find(permutation.begin(), permutation.end(), InputAxis());
    if (permutation[0] != 0) return Replicated("it moves the batch axis");
    return Same(static_cast<int>(place - permutation.begin()));
  }

  FeatureRule Reshape() const {
    if (OutputShape().rank() == 0 || OutputShape()[0] != BatchOf(graph_))
      return Replicated(kNoBatch);
    auto mapped = MapReshape(InputShape(), InputAxis(), OutputShape());
    if (!mapped) return Replicated("it mixes features with positions");
    const auto features = static_cast<int64_t>(mapped->from.size());
    return {Kind::kTied, mapped->axis, features, {{0, std::move(mapped->from)}}, ""};
  }

  const Graph& graph_;
  const Op& op_;
  const Axes& axes_;
};

}  // namespace

FeatureRule RuleOf(const Graph& graph, const Op& op, const Axes& axes) {
  return RuleFinder(graph, op, axes).Find();
}

std::optional<int> AlignedAxis(const Shape& input, int rank, int axis, int64_t features) {
  const int aligned = axis - (rank - input.rank());
  if (aligned < 0 || input[aligned] != features || features == 1) return std::nullopt;
  return aligned;
}

}  // namespace disco
