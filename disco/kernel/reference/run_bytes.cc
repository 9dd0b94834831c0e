// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "disco/kernel/reference/ops.h"
#include "disco/kernel/reference/reference.h"
#include "disco/op/window.h"
#include "disco/op/work.h"

namespace disco {

Bytes reference::ValueBytes(const Graph& graph, const Op& op) {
  Bytes values;
  const auto add = [&](ValueId id) {
    values += id == kNoValue ? Bytes{} : SizeOf(graph.value(id));
  };
  std::ranges::for_each(op.inputs, add);
  std::ranges::for_each(op.outputs, add);
  return values;
}

Bytes RunBytes(const Graph& graph, const Op& op) {
  constexpr int64_t kCopies = 3;  // a copy in double, and the results
  const Bytes common = reference::ValueBytes(graph, op) * kCopies + PlaceBytes(graph, op);
  const reference::Kernel* kernel = reference::FindKernel(op.type);
  if (kernel == nullptr || kernel->extra_bytes == nullptr) return common;
  return common + kernel->extra_bytes(graph, op);
}

}  // namespace disco
