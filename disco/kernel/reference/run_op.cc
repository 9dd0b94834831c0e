// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "disco/kernel/reference/ops.h"
#include "disco/kernel/reference/reference.h"
#include "disco/op/op_def.h"
#include "disco/op/op_name.h"

namespace disco {
namespace reference {

Status RequireFloat(const Call& call) {
  if (call.in(0).dtype() == DType::kF32) return {};
  return OpError(call.op, ErrorKind::kUnsupported, "is not computed in {}",
                 Name(call.in(0).dtype()));
}

const Kernel* FindKernel(OpType type) {
  static const OpTable<Kernel> kTable = {ConvKernels(),   DropoutKernels(), ElementwiseKernels(),
                                         LayoutKernels(), MatrixKernels(),  NormalizeKernels(),
                                         PoolKernels(),   ReduceKernels()};
  return kTable.Find(type);
}

bool HasKernel(OpType type) { return FindKernel(type) != nullptr; }

}  // namespace reference

Result<std::vector<Tensor>> RunOp(const Graph& graph, const Op& op, std::span<const Tensor> inputs,
                                  Exchange* exchange) {
  const reference::Call call{graph, op, inputs, exchange};
  const auto empty = [&](ValueId id) {
    return id == kNoValue || graph.value(id).shape.elements() == 0;
  };
  if (!std::ranges::all_of(op.outputs, empty)) {
    const reference::Kernel* kernel = reference::FindKernel(op.type);
    if (kernel != nullptr) return kernel->run(call);
    return OpError(op, ErrorKind::kUnsupported, "{}",
                   DefOf(op).Is(kExchange) ? "needs an exchange" : "has no kernel");
  }
  std::vector<Tensor> results;  // nothing to compute, however large the windows are
  for (size_t slot = 0; slot < op.outputs.size(); ++slot) {
    results.push_back(op.HasOutput(slot) ? call.NewOutput(slot) : Tensor());
  }
  return results;
}

}  // namespace disco
