// SPDX-License-Identifier: Apache-2.0
#include "disco/graph/batch_axis.h"

#include "disco/graph/infer_layout.h"

namespace disco {
namespace {

// The axis whose extent follows the batch; kNoAxis: the value does not depend on it.
constexpr int kNoAxis = -1;

class Checker {
 public:
  Checker(const Graph& graph, const BatchChange& change) : graph_(graph), change_(change) {}

  Status Check(const Op& op) const {
    bool depends = op.type == OpType::kReceive;
    for (const ValueId input : op.inputs) {
      DISCO_ASSIGN(const int axis, AxisOf(op, input));
      depends = depends || axis != kNoAxis;
    }
    if (!depends) return {};
    for (const ValueId output : op.outputs) {
      if (output == kNoValue) continue;
      DISCO_ASSIGN(const int axis, AxisOf(op, output));
      if (axis == kNoAxis) return Refused(op, "it takes the batch axis away");
    }
    if (Mixes(op)) return Refused(op, "it mixes the inputs of a batch");
    return {};
  }

 private:
  tl::unexpected<Error> Refused(const Op& op, std::string_view reason) const {
    return OpError(op, ErrorKind::kUnsupported, "{}", reason);
  }
  const Shape& Before(ValueId value) const { return change_.before[static_cast<size_t>(value)]; }
  const Shape& After(ValueId value) const { return change_.after[static_cast<size_t>(value)]; }

  // Errors: where the shape follows the batch in another way than along one axis.
  Result<int> AxisOf(const Op& op, ValueId value) const {
    if (value == kNoValue) return kNoAxis;
    const Shape &before = Before(value), &after = After(value);
    int found = kNoAxis;
    bool fits = before.rank() == after.rank();
    for (int axis = 0; fits && axis < before.rank(); ++axis) {
      if (before[axis] == after[axis]) continue;
      fits = found == kNoAxis && before[axis] % change_.from == 0 &&
             after[axis] == before[axis] / change_.from * change_.to;
      found = axis;
    }
    if (fits) return found;
    return OpError(op, ErrorKind::kUnsupported, "'{}' of shape {} becomes {}",
                   graph_.value(value).name, ToString(before), ToString(after));
  }
  int Axis(const Op& op, ValueId value) const { return AxisOf(op, value).value_or(kNoAxis); }

  // Whether a result of one input takes in others of the batch; each value has one batch axis or
  // none.
  bool Mixes(const Op& op) const {
    const int axis = op.inputs.empty() ? kNoAxis : Axis(op, op.inputs[0]);
    switch (op.type) {
      case OpType::kFlatten:
      case OpType::kReshape:
      case OpType::kSqueeze:
      case OpType::kUnsqueeze:
        return MovesBatch(op, axis);
      case OpType::kConcat:
        return axis == NormalizedAxis(op, op.as<AxisParams>().axis);
      case OpType::kSoftmax: {
        const int first = NormalizedAxis(op, op.as<SoftmaxParams>().axis);
        return op.as<SoftmaxParams>().over_all_from_axis ? axis >= first : axis == first;
      }
      case OpType::kBatchNormalization:
        return op.as<BatchNormParams>().training || axis != 0 || OthersFollow(op);
      case OpType::kAveragePool:
      case OpType::kConv:
      case OpType::kGlobalAveragePool:
      case OpType::kLrn:
      case OpType::kMaxPool:
        return axis != 0 || OthersFollow(op);
      case OpType::kAdd:
      case OpType::kMul:
        return BroadcastsBatch(op, 0);
      case OpType::kGemm:
        return BroadcastsBatch(op, 2);
      default:
        return false;
    }
  }

  // Whether an input from slot `first` on has its batch on another axis of the result: a batch of 1
  // broadcasts over it, and one of its extent would be taken for it.
  bool BroadcastsBatch(const Op& op, size_t first) const {
    const ValueId output = op.outputs[0];
    const int made = Before(output).rank() - Axis(op, output);
    for (size_t slot = first; slot < op.inputs.size(); ++slot) {
      const int axis = Axis(op, op.inputs[slot]);
      if (axis != kNoAxis && Before(op.inputs[slot]).rank() - axis != made) return true;
    }
    return false;
  }

  bool OthersFollow(const Op& op) const {
    for (size_t slot = 1; slot < op.inputs.size(); ++slot) {
      if (Axis(op, op.inputs[slot]) != kNoAxis) return true;
    }
    return false;
  }

  // What stands outside the batch axis has to stay, or elements of several inputs come together. A
  // Reshape that moves the batch to another axis has its old extent written on axis 0.
  bool MovesBatch(const Op& op, int axis) const {
    const ValueId input = op.inputs[0], output = op.outputs[0];
    const bool keeps_order = op.type == OpType::kSqueeze || op.type == OpType::kUnsqueeze;
    const int made = Axis(op, output);
    return Before(input).elements(0, axis) != Before(output).elements(0, made) ||
           (axis != made && !keeps_order);
  }

  int NormalizedAxis(const Op& op, int64_t axis) const {
    return NormalizeAxis(axis, InputShape(graph_, op).rank()).value_or(kNoAxis);
  }

  const Graph& graph_;
  const BatchChange& change_;
};

}  // namespace

Status CheckBatchApart(const Graph& graph, const BatchChange& change) {
  const Checker checker(graph, change);
  for (const Op& op : graph.ops) DISCO_TRY(checker.Check(op));
  return {};
}

}  // namespace disco
