// SPDX-License-Identifier: Apache-2.0
#include "disco/rewrite/fold_constants.h"

#include <algorithm>

#include "disco/op/infer_shapes.h"
#include "disco/op/op_def.h"
#include "disco/op/op_name.h"

namespace disco {
namespace {

bool IsFoldable(const Graph& graph, const Op& op) {
  const auto constant = [&](ValueId input) { return graph.IsConstant(input); };
  return DefOf(op).fold != nullptr && std::ranges::all_of(op.inputs, constant);
}

// Bytes that folding may make anew: a file of a few lines can ask for any number.
constexpr Bytes kMostMade{int64_t{1} << 31};

}  // namespace

Status FoldConstants(Graph& graph, MemoryAccount* memory) {
  std::vector<Op> kept;
  Bytes made;
  for (Op& op : graph.ops) {
    if (!IsFoldable(graph, op)) {
      kept.push_back(std::move(op));
      continue;
    }
    const OpDef& def = DefOf(op);
    DISCO_ASSIGN(const OutputTypes types, InferTypes(graph, op));
    const Shape& shape = types[0].shape;
    if (!def.Is(kKeepsOrder)) {
      const Bytes size{shape.elements() * static_cast<int64_t>(SizeOf(types[0].dtype))};
      made += size;
      if (made > kMostMade)
        return OpError(op, ErrorKind::kInvalid, "up to here {} of constants are made",
                       ToString(made));
      DISCO_TRY(Take(memory, size, "a constant made at load"));
    }
    Value& value = graph.value(op.outputs[0]);
    value.constant = def.fold(graph, op, shape);
    value.shape = shape;
    value.dtype = value.constant->dtype();
  }
  graph.ops = std::move(kept);
  RemoveUnused(graph);
  return {};
}

void BindInput(Graph& graph, ValueId input, Tensor tensor) {
  std::erase(graph.inputs, input);
  Value& value = graph.value(input);
  value.dtype = tensor.dtype();
  value.shape = tensor.shape();
  value.constant = std::move(tensor);
}

std::vector<ValueId> ParameterInputs(const Graph& graph) {
  std::vector<ValueId> found;
  for (const ValueId input : graph.inputs) {
    for (const Op& op : graph.ops) {
      for (size_t slot = 0; slot < op.inputs.size(); ++slot) {
        const bool reads = op.inputs[slot] == input && IsParameterSlot(op.type, slot);
        if (reads && (found.empty() || found.back() != input)) found.push_back(input);
      }
    }
  }
  return found;
}

}  // namespace disco
