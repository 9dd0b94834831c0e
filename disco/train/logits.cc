// SPDX-License-Identifier: Apache-2.0
#include "disco/train/logits.h"

namespace disco {
namespace {

// With [N, classes], over_all_from_axis makes no difference.
bool IsOverClasses(const Graph& graph, const Op& softmax) {
  const int64_t axis = softmax.as<SoftmaxParams>().axis;
  return graph.value(softmax.inputs[0]).shape.rank() == 2 && (axis == 1 || axis == -1);
}

}  // namespace

ValueId LogitsOf(const Graph& graph) {
  const GraphIndex index(graph);
  const ValueId output = graph.outputs[0];
  for (ValueId value = output;;) {
    const OpId maker = index.producer(value);
    if (maker == GraphIndex::kNoOp) return output;
    const Op& op = graph.op(maker);
    if (op.type == OpType::kSoftmax) return IsOverClasses(graph, op) ? op.inputs[0] : output;
    if (op.type != OpType::kIdentity && op.type != OpType::kDropout) return output;
    value = op.inputs[0];
  }
}

}  // namespace disco
