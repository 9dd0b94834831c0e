// SPDX-License-Identifier: Apache-2.0
// The table of kernels: each family of ops lists its own. Private to the module. Semantics: ONNX,
// see disco/graph/op.h.
#pragma once

#include <span>
#include <vector>

#include "disco/graph/graph.h"
#include "disco/kernel/program.h"
#include "disco/op/op_table.h"

namespace disco::reference {

// What an op needs to run.
struct Call {
  const Graph& graph;
  const Op& op;
  std::span<const Tensor> inputs;
  Exchange* exchange;  // may be null

  // For loops that may take long. Asks a lock and a clock: not in the innermost ones.
  Status GoOn() const { return exchange == nullptr ? Status() : exchange->GoOn(); }
  const Tensor& in(size_t slot) const { return inputs[slot]; }
  bool Has(size_t slot) const { return op.HasInput(slot); }
  const Value& out(size_t slot) const { return graph.value(op.outputs[slot]); }
  // A tensor of the type and shape of output `slot`, all zero.
  Tensor NewOutput(size_t slot = 0) const { return Tensor(out(slot).dtype, out(slot).shape); }
};

using Outputs = Result<std::vector<Tensor>>;

struct Kernel {
  Outputs (*run)(const Call& call);
  // What a run takes beside what RunBytes counts for every op; null: nothing.
  Bytes (*extra_bytes)(const Graph& graph, const Op& op) = nullptr;
};
// Null: no kernel computes ops of this type.
const Kernel* FindKernel(OpType type);

using KernelEntry = OpTable<Kernel>::Entry;
// Each stands beside its kernels, in conv.cc, dropout.cc and so on.
std::span<const KernelEntry> ConvKernels();
std::span<const KernelEntry> DropoutKernels();
std::span<const KernelEntry> ElementwiseKernels();
std::span<const KernelEntry> LayoutKernels();
std::span<const KernelEntry> MatrixKernels();
std::span<const KernelEntry> NormalizeKernels();
std::span<const KernelEntry> PoolKernels();
std::span<const KernelEntry> ReduceKernels();

// Of the inputs and outputs of `op`.
Bytes ValueBytes(const Graph& graph, const Op& op);

// Errors: kUnsupported when the first input is not float32.
Status RequireFloat(const Call& call);

}  // namespace disco::reference
