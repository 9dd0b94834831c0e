// SPDX-License-Identifier: Apache-2.0
#include "disco/graph/fold_constants.h"

#include <algorithm>

#include "disco/graph/infer_shapes.h"
#include "disco/tensor/slice.h"

namespace disco {
namespace {

bool IsFoldable(const Graph& graph, const Op& op) {
  switch (op.type) {
    case OpType::kConstantOfShape:
    case OpType::kFlatten:
    case OpType::kIdentity:
    case OpType::kReshape:
    case OpType::kSqueeze:
    case OpType::kTranspose:
    case OpType::kUnsqueeze:
      return std::all_of(op.inputs.begin(), op.inputs.end(),
                         [&](ValueId input) { return graph.IsConstant(input); });
    default:
      return false;
  }
}

// Bytes that folding may make anew: a file of a few lines can ask for any number.
constexpr Bytes kMostMade{int64_t{1} << 31};

// The others give their input's elements another shape.
bool MakesElements(OpType type) {
  return type == OpType::kConstantOfShape || type == OpType::kTranspose;
}

DType DTypeOfFolded(const Graph& graph, const Op& op) {
  return op.type == OpType::kConstantOfShape ? op.as<FillParams>().dtype
                                             : graph.value(op.inputs[0]).dtype;
}

Tensor Filled(const FillParams& params, const Shape& shape) {
  Tensor tensor(params.dtype, shape);
  if (params.value == 0) return tensor;
  VisitDType(params.dtype, [&]<class T>() {
    auto data = tensor.MutableData<T>();
    std::fill(data.begin(), data.end(), static_cast<T>(params.value));
  });
  return tensor;
}

Tensor Fold(const Graph& graph, const Op& op, const Shape& shape) {
  if (op.type == OpType::kConstantOfShape) return Filled(op.as<FillParams>(), shape);
  const Tensor& input = *graph.value(op.inputs[0]).constant;
  if (op.type == OpType::kTranspose) return Transpose(input, PermutationOf(graph, op));
  return input.Reshaped(shape);
}

}  // namespace

Status FoldConstants(Graph& graph, MemoryAccount* memory) {
  std::vector<Op> kept;
  Bytes made;
  for (Op& op : graph.ops) {
    if (!IsFoldable(graph, op)) {
      kept.push_back(std::move(op));
      continue;
    }
    DISCO_ASSIGN(const Shape shape, InferShape(graph, op));
    if (MakesElements(op.type)) {
      const Bytes size{shape.elements() * static_cast<int64_t>(SizeOf(DTypeOfFolded(graph, op)))};
      made += size;
      if (made > kMostMade)
        return OpError(op, ErrorKind::kInvalid, "up to here {} of constants are made",
                       ToString(made));
      DISCO_TRY(Take(memory, size, "a constant made at load"));
    }
    Value& value = graph.value(op.outputs[0]);
    value.constant = Fold(graph, op, shape);
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
