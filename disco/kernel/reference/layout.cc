// SPDX-License-Identifier: Apache-2.0
// Ops that move elements and compute nothing; any element type.
#include <algorithm>
#include <cstring>
#include <numeric>

#include "disco/kernel/reference/ops.h"
#include "disco/kernel/reference/pad_index.h"
#include "disco/op/parameters.h"
#include "disco/op/select.h"
#include "disco/tensor/slice.h"

namespace disco::reference {
namespace {

Outputs SameElements(const Call& call) {
  return std::vector{call.in(0).Reshaped(call.out(0).shape)};
}

Outputs Transpose(const Call& call) {
  return std::vector{disco::Transpose(call.in(0), PermutationOf(call.graph, call.op))};
}

Outputs Concat(const Call& call) {
  Tensor result = call.NewOutput();
  DISCO_ASSIGN(const int axis, NormalizeAxis(call.op.as<AxisParams>().axis, result.shape().rank()));
  int64_t first = 0;
  for (const Tensor& part : call.inputs) {
    std::vector<int64_t> indices(static_cast<size_t>(part.shape()[axis]));
    std::iota(indices.begin(), indices.end(), first);
    Scatter(part, axis, indices, result);
    first += part.shape()[axis];
  }
  return std::vector{result};
}

Outputs Gather(const Call& call) {
  DISCO_ASSIGN(const int axis,
               NormalizeAxis(call.op.as<AxisParams>().axis, call.in(0).shape().rank()));
  DISCO_ASSIGN(const std::vector<int64_t> indices, GatheredIndices(call.graph, call.op));
  return std::vector{disco::Gather(call.in(0), axis, indices).Reshaped(call.out(0).shape)};
}

// One tensor for each output that is there.
Outputs Select(const Call& call) {
  std::vector<Tensor> results;
  for (size_t slot = 0; slot < call.op.outputs.size(); ++slot) {
    if (!call.op.HasOutput(slot)) {
      results.emplace_back();
      continue;
    }
    DISCO_ASSIGN(const Positions positions, SelectedPositions(call.graph, call.op, slot));
    Tensor result = call.in(0);
    for (size_t axis = 0; axis < positions.size(); ++axis)
      result = disco::Gather(result, static_cast<int>(axis), positions[axis]);
    results.push_back(std::move(result));
  }
  return results;
}

Outputs Pad(const Call& call) {
  DISCO_ASSIGN(const PadIndex index, PadIndexOf(call.graph, call.op));
  DISCO_ASSIGN(const std::vector<std::byte> filling, PadFilling(call.graph, call.op));
  Tensor result = call.NewOutput();
  const Shape& shape = result.shape();
  const std::vector<int64_t> strides = call.in(0).shape().strides();
  const size_t size = filling.size();
  const std::byte* from = call.in(0).bytes().data();
  std::byte* to = result.MutableBytes().data();
  for (int64_t element = 0; element < shape.elements(); ++element, to += size) {
    int64_t rest = element, at = 0;
    bool inside = true;
    for (int axis = shape.rank(); axis-- > 0;) {
      const auto i = static_cast<size_t>(axis);
      const int64_t source = index[i][static_cast<size_t>(rest % shape[axis])];
      rest /= shape[axis];
      inside = inside && source >= 0;
      at += source * strides[i];
    }
    std::memcpy(to, inside ? from + static_cast<size_t>(at) * size : filling.data(), size);
  }
  return std::vector{result};
}

Outputs ConstantOfShape(const Call& call) {
  Tensor result = call.NewOutput();
  VisitDType(result.dtype(), [&]<class T>() {
    std::ranges::fill(result.MutableData<T>(), static_cast<T>(call.op.as<FillParams>().value));
  });
  return std::vector{result};
}

}  // namespace

std::span<const KernelEntry> LayoutKernels() {
  static constexpr KernelEntry kEntries[] = {
      {OpType::kConcat, {Concat}},         {OpType::kConstantOfShape, {ConstantOfShape}},
      {OpType::kFlatten, {SameElements}},  {OpType::kGather, {Gather}},
      {OpType::kIdentity, {SameElements}}, {OpType::kPad, {Pad}},
      {OpType::kReshape, {SameElements}},  {OpType::kSlice, {Select}},
      {OpType::kSplit, {Select}},          {OpType::kSqueeze, {SameElements}},
      {OpType::kTranspose, {Transpose}},   {OpType::kUnsqueeze, {SameElements}},
  };
  return kEntries;
}

}  // namespace disco::reference
