// SPDX-License-Identifier: Apache-2.0
#include "disco/kernel/reference/pad_index.h"

#include <algorithm>

#include "disco/op/op_name.h"
#include "disco/op/parameters.h"

namespace disco {
namespace {

int64_t Remainder(int64_t position, int64_t extent) {
  return ((position % extent) + extent) % extent;
}

// Position in [0, extent) that stands at `position`, which may lie outside; -1: the filling does.
int64_t SourceOf(int64_t position, int64_t extent, PadMode mode) {
  if (position >= 0 && position < extent) return position;
  if (mode == PadMode::kConstant || extent == 0) return -1;
  if (mode == PadMode::kEdge) return std::clamp<int64_t>(position, 0, extent - 1);
  if (mode == PadMode::kWrap) return Remainder(position, extent);
  if (extent == 1) return 0;
  const int64_t period = 2 * (extent - 1);  // reflect: there and back, without repeating the ends
  const int64_t phase = Remainder(position, period);
  return phase < extent ? phase : period - phase;
}

}  // namespace

Result<PadIndex> PadIndexOf(const Graph& graph, const Op& op) {
  DISCO_ASSIGN(const Pads pads, PadsOf(graph, op));
  const Shape& shape = graph.value(op.inputs[0]).shape;
  PadIndex index(pads.begin.size());
  for (size_t axis = 0; axis < index.size(); ++axis) {
    const int64_t extent = shape[static_cast<int>(axis)];
    for (int64_t at = -pads.begin[axis]; at < extent + pads.end[axis]; ++at) {
      index[axis].push_back(SourceOf(at, extent, op.as<PadParams>().mode));
    }
  }
  return index;
}

Result<std::vector<std::byte>> PadFilling(const Graph& graph, const Op& op) {
  const DType dtype = graph.value(op.inputs[0]).dtype;
  if (!op.HasInput(2)) return std::vector<std::byte>(SizeOf(dtype));
  const Tensor* filling = graph.ConstantInput(op, 2);
  if (filling == nullptr || filling->elements() != 1 || filling->dtype() != dtype) {
    return OpError(op, ErrorKind::kInvalid, "the filling has to be one constant {}", Name(dtype));
  }
  return std::vector<std::byte>(filling->bytes().begin(), filling->bytes().end());
}

}  // namespace disco
